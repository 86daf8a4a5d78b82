import { Violation } from './violation.ts';

const MAX_HELLO = 16_384;
const MAX_LENGTH_BYTES = 4;

/** Cuts what the peer sends into the contents of its envelopes (W-009, W-010). */
export class EnvelopeCutter {
  #rest: Buffer = Buffer.alloc(0);
  #chunks: Uint8Array[] = [];
  #held = 0;
  #wanted = 1;
  #isOpen = false;

  /** The peer's hello was read: longer envelopes may follow. */
  opened(): void {
    this.#isOpen = true;
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (this.#held < this.#wanted) return;
    this.#rest = Buffer.concat([this.#rest, ...this.#chunks]);
    this.#chunks = [];
    for (let content = this.#next(); content !== undefined; content = this.#next()) yield content;
    this.#held = this.#rest.length;
  }

  #next(): Uint8Array | undefined {
    let length = 0;
    for (let at = 0; ; at++) {
      const byte = this.#rest[at];
      if (at === MAX_LENGTH_BYTES) {
        throw new Violation('W-010', 'a length has more than four bytes', this.#rest);
      }
      if (byte === undefined) {
        this.#wanted = at + 1;
        return undefined;
      }
      length += (byte % 128) * 128 ** at;
      if (byte >= 128) continue;
      return this.#take(at + 1, length);
    }
  }

  #take(start: number, length: number): Uint8Array | undefined {
    if (length === 0) throw new Violation('W-010', 'an envelope has the length 0', this.#rest);
    if (!this.#isOpen && length > MAX_HELLO) {
      throw new Violation('W-009', `the first envelope has ${length} bytes`, this.#rest);
    }
    this.#wanted = start + length;
    if (this.#rest.length < this.#wanted) return undefined;
    const content = this.#rest.subarray(start, this.#wanted);
    this.#rest = this.#rest.subarray(this.#wanted);
    this.#wanted = 1;
    return content;
  }
}
