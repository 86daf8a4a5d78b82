import { Fields } from '@tp/wire';
import { trimBlanks } from './trim-blanks.ts';

/** What stands in a body in chunks. */
export interface ChunkedEvents {
  piece(bytes: Uint8Array): void;
  end(trailers: Fields): void;
}

const LF = 0x0a;

/** Takes a body out of its chunks (RFC 9112 section 7.1), as Node's `ServerResponse` writes them. */
export class ChunkedReader {
  readonly #events: ChunkedEvents;
  #state: 'size' | 'data' | 'gap' | 'trailers' | 'ended' = 'size';
  #line = '';
  #left = 0;
  readonly #trailers: string[] = [];

  constructor(events: ChunkedEvents) {
    this.#events = events;
  }

  read(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.#state !== 'ended') {
      if (this.#state !== 'data') {
        at = this.#readLine(bytes, at);
        continue;
      }
      const end = Math.min(bytes.length, at + this.#left);
      this.#left -= end - at;
      this.#events.piece(bytes.subarray(at, end));
      at = end;
      if (this.#left === 0) this.#state = 'gap';
    }
  }

  #readLine(bytes: Uint8Array, at: number): number {
    const found = bytes.indexOf(LF, at);
    const end = found < 0 ? bytes.length : found + 1;
    this.#line += Buffer.from(bytes.subarray(at, end)).toString('latin1');
    if (found >= 0) {
      const line = this.#line.replace(/\r?\n$/, '');
      this.#line = '';
      this.#take(line);
    }
    return end;
  }

  #take(line: string): void {
    if (this.#state === 'gap') this.#state = 'size';
    else if (this.#state === 'size') {
      this.#left = Number.parseInt(line, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'data';
    } else if (line === '') {
      this.#state = 'ended';
      this.#events.end(new Fields(this.#trailers));
    } else {
      const colon = line.indexOf(':');
      this.#trailers.push(line.slice(0, colon), trimBlanks(line.slice(colon + 1)));
    }
  }
}
