import { Fields } from '@tp/wire';
import { declaredLength } from '../body/content-length.ts';
import { ChunkedReader } from '../listener/chunked-reader.ts';
import { trimBlanks } from '../listener/trim-blanks.ts';

/** The head of a request as it was written. */
export interface WrittenHead {
  readonly method: string;
  readonly path: string;
  readonly headers: Fields;
  /** Whether trailers may follow its body. */
  readonly chunked: boolean;
}

/** What a reader finds in what a `ClientRequest` has written. */
export interface RequestEvents {
  head(head: WrittenHead): void;
  /** A piece of the body. It is the receiver's. */
  piece(bytes: Uint8Array): void;
  /** The request is complete. */
  end(trailers: Fields): void;
}

const END_OF_HEAD = '\r\n\r\n';

/**
 * Reads back what Node's `ClientRequest` writes to its socket: the request line and the fields as
 * they were given, and the body without its chunks. `ClientRequest` is trusted to write heads by
 * the rules, but not to hold a body to the length that its user has declared.
 */
export class RequestReader {
  readonly #events: RequestEvents;
  #head: string | undefined = '';
  #chunked: ChunkedReader | undefined;
  #left = 0;

  constructor(events: RequestEvents) {
    this.#events = events;
  }

  /** @throws {Error} for a request that is not framed as its body is. */
  read(chunk: Uint8Array | string, encoding: BufferEncoding): void {
    if (this.#head === undefined) this.#body(toBytes(chunk, encoding));
    else this.#readHead(this.#head, chunk, encoding);
  }

  /** Node writes heads as text, often with the start of the body behind them in one string. */
  #readHead(before: string, chunk: Uint8Array | string, encoding: BufferEncoding): void {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1');
    const all = before + text;
    const end = all.indexOf(END_OF_HEAD);
    if (end < 0) {
      this.#head = all;
      return;
    }
    this.#head = undefined;
    this.#takeHead(all.slice(0, end));
    const rest = all.slice(end + END_OF_HEAD.length);
    if (rest !== '') this.read(rest, typeof chunk === 'string' ? encoding : 'latin1');
  }

  #takeHead(text: string): void {
    const [start = '', ...lines] = text.split('\r\n');
    const raw: string[] = [];
    let chunked = false;
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon);
      const value = trimBlanks(line.slice(colon + 1));
      raw.push(name, value);
      if (name.toLowerCase() !== 'transfer-encoding') continue;
      // RFC 9112 section 6.1: what is not understood must not be passed on as understood.
      if (chunked || value.toLowerCase() !== 'chunked') {
        throw new Error(
          `found transfer-encoding: ${value}; chunked is the only one that can be sent`,
        );
      }
      chunked = true;
    }
    const headers = new Fields(raw);
    const length = declaredLength(headers);
    if (chunked && length >= 0) {
      throw new Error(
        'content-length and transfer-encoding exclude each other (RFC 9112 section 6.2)',
      );
    }
    const methodEnd = start.indexOf(' ');
    const method = start.slice(0, methodEnd);
    if (method === 'CONNECT')
      throw new Error('CONNECT asks for a tunnel, and there is none over tp');
    const path = start.slice(methodEnd + 1, start.lastIndexOf(' '));
    this.#events.head({ method, path, headers, chunked });
    this.#left = Math.max(0, length);
    if (chunked) this.#chunked = new ChunkedReader(this.#events);
    else if (this.#left === 0) this.#events.end(Fields.empty);
  }

  #body(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#chunked !== undefined) {
      this.#chunked.read(bytes);
      return;
    }
    if (bytes.length > this.#left) {
      throw new Error('the request has a body beyond its content-length, or one without it');
    }
    this.#left -= bytes.length;
    this.#events.piece(bytes);
    if (this.#left === 0) this.#events.end(Fields.empty);
  }
}

/** Bytes of the receiver's own: who wrote them may use the buffer again once they are taken. */
function toBytes(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
}
