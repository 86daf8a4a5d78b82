import { concat } from './hex.ts';
import type { Random } from './random.ts';

/** Bytes with a few of them flipped, cut out, repeated, replaced, or taken from elsewhere. */
export function mutate(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let result = bytes;
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(result.length + 1);
    const end = Math.min(result.length, at + random.below(12));
    const head = result.subarray(0, at);
    switch (random.below(6)) {
      case 0: {
        const flipped = result.slice();
        if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
        result = flipped;
        break;
      }
      case 1:
        result = concat(head, result.subarray(end));
        break;
      case 2:
        result = concat(head, result.subarray(at, end), result.subarray(at));
        break;
      case 3:
        result = concat(head, random.bytes(random.below(6)), result.subarray(at));
        break;
      case 4:
        result = concat(
          head,
          Uint8Array.of(random.pick([0, 1, 0x7f, 0x80, 0xff])),
          result.subarray(at + 1),
        );
        break;
      default: {
        const from = random.below(other.length + 1);
        result = concat(head, other.subarray(from, from + random.below(40)), result.subarray(at));
      }
    }
  }
  return result;
}
