import { concat, field, varint } from './hex.ts';
import type { Random } from './random.ts';

/** A field of a message: its number and an integer, bytes, or a list that may stand packed. */
export interface LooseField {
  readonly number: number;
  readonly value: number | Uint8Array | readonly number[];
}

/** A message written in some form that protobuf allows, and how many unknown fields are in it. */
export interface Loose {
  readonly bytes: Uint8Array;
  readonly unknown: number;
}

/**
 * Writes a message in any legal form: fields in any order, singular ones said before with another
 * value, lists packed and not, integers longer than needed, unknown fields between. Fields of
 * `repeated` keep their order, and are not said before.
 */
export function loosely(
  random: Random,
  fields: readonly LooseField[],
  repeated: readonly number[] = [],
): Loose {
  const queues = new Map<number, Uint8Array[]>();
  const queue = (number: number) => {
    const known = queues.get(number) ?? [];
    queues.set(number, known);
    return known;
  };
  for (const { number, value } of fields) {
    const pieces = queue(number);
    if (typeof value === 'number') {
      if (random.once(4)) pieces.push(integer(random, number, random.below(1000)));
      pieces.push(integer(random, number, value));
    } else if (value instanceof Uint8Array) {
      const isAlone = !repeated.includes(number);
      if (isAlone && random.once(4)) pieces.push(field((number << 3) | 2, random.bytes(3)));
      pieces.push(field((number << 3) | 2, value));
    } else {
      pieces.push(...listed(random, number, value));
    }
  }
  const unknown = random.once(2) ? random.below(4) : 0;
  for (let i = 0; i < unknown; i++) queue(-1).push(stranger(random));
  const written: Uint8Array[] = [];
  const rest = [...queues.values()];
  while (rest.length > 0) {
    const at = random.below(rest.length);
    const piece = rest[at]?.shift();
    if (piece === undefined) rest.splice(at, 1);
    else written.push(piece);
  }
  return { bytes: concat(...written), unknown };
}

function integer(random: Random, number: number, value: number): Uint8Array {
  return concat(varint(number << 3, random.below(3)), varint(value, random.below(6)));
}

function listed(random: Random, number: number, values: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  while (at < values.length) {
    const some = values.slice(at, at + 1 + random.below(4));
    at += some.length;
    if (random.once(2)) {
      pieces.push(field((number << 3) | 2, ...some.map((one) => varint(one, random.below(6)))));
    } else for (const one of some) pieces.push(integer(random, number, one));
  }
  return pieces;
}

/** An unknown field of every wire type there is. */
function stranger(random: Random): Uint8Array {
  const number = 16 + random.below(100_000);
  switch (random.below(4)) {
    case 0:
      return concat(varint(number * 8), varint(2 ** 40 + random.below(1000), random.below(11)));
    case 1:
      return concat(varint(number * 8 + 1), random.bytes(8));
    case 2:
      return field(number * 8 + 2, random.bytes(random.below(200)));
    default:
      return concat(varint(number * 8 + 5), random.bytes(4));
  }
}
