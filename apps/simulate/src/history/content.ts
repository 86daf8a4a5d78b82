import { Random } from '../world/random.ts';

/** Which body of a call. */
export type Side = 'up' | 'down';

/** A prime, so that no piece that is lost, repeated or another call's goes unnoticed. */
const PERIOD = 65_521;
/** What can be asked for at once, in bytes. */
export const MOST_AT_ONCE = 512 * 1024;

const TEXT = repeated((random) => ' etaoinshrdlucm{}:,"0123'.charCodeAt(random.whole(0, 23)));
const NOISE = repeated((random) => random.whole(0, 255));

/** The bytes of a call's body from a place on: every call has others, of which half pack well. */
export function content(call: number, side: Side, offset: number, length: number): Uint8Array {
  const pattern = call % 2 === 0 ? TEXT : NOISE;
  const start = (call * 4_099 + (side === 'up' ? 0 : 30_011) + offset) % PERIOD;
  return pattern.subarray(start, start + length);
}

/** Holds pieces that come to the bytes that they must be. */
export class ContentCheck {
  readonly #call: number;
  readonly #side: Side;
  #length = 0;

  constructor(call: number, side: Side) {
    this.#call = call;
    this.#side = side;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Whether a piece is what comes next. */
  isNext(piece: Uint8Array): boolean {
    for (let done = 0; done < piece.length; ) {
      const part = Math.min(piece.length - done, MOST_AT_ONCE);
      const expected = content(this.#call, this.#side, this.#length, part);
      if (Buffer.compare(piece.subarray(done, done + part), expected) !== 0) return false;
      this.#length += part;
      done += part;
    }
    return true;
  }
}

function repeated(byte: (random: Random) => number): Uint8Array {
  const random = new Random(1);
  const bytes = new Uint8Array(PERIOD + MOST_AT_ONCE);
  for (let i = 0; i < PERIOD; i++) bytes[i] = byte(random);
  for (let i = PERIOD; i < bytes.length; i++) bytes[i] = bytes[i - PERIOD] ?? 0;
  return bytes;
}
