import { Fields } from '@tp/wire';
import { hasNoBody } from '../body/no-body.ts';
import { ChunkedReader } from './chunked-reader.ts';
import { trimBlanks } from './trim-blanks.ts';

/** What a reader finds in what a `ServerResponse` has written. */
export interface ResponseEvents {
  /** A 1xx head. */
  information(status: number, headers: Fields): void;
  head(status: number, reason: string, headers: Fields): void;
  /** A piece of the body. It is the receiver's. */
  piece(bytes: Uint8Array): void;
  /** The body says itself that it is complete. */
  end(trailers: Fields): void;
}

const END_OF_HEAD = '\r\n\r\n';

/**
 * Reads back what Node's `ServerResponse` writes to its socket: heads with the case, order and
 * repetitions that the listener gave them, and bodies without their chunks. It trusts the writer.
 */
export class ResponseReader {
  readonly #events: ResponseEvents;
  readonly #method: string;
  #head: string | undefined = '';
  #chunked: ChunkedReader | undefined;
  #bodiless = false;

  constructor(method: string, events: ResponseEvents) {
    this.#method = method;
    this.#events = events;
  }

  /** Whether the final head says that its body is in chunks, so that trailers may follow. */
  get chunked(): boolean {
    return this.#chunked !== undefined;
  }

  read(chunk: Uint8Array | string, encoding: BufferEncoding): void {
    if (this.#head === undefined) this.#body(toBytes(chunk, encoding));
    else this.#readHead(chunk, encoding);
  }

  /** Node writes heads as text, often with the start of the body behind them in one string. */
  #readHead(chunk: Uint8Array | string, encoding: BufferEncoding): void {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1');
    const all = this.#head + text;
    const end = all.indexOf(END_OF_HEAD);
    if (end < 0) {
      this.#head = all;
      return;
    }
    const rest = all.slice(end + END_OF_HEAD.length);
    this.#head = this.#takeHead(all.slice(0, end)) ? undefined : '';
    if (rest !== '') this.read(rest, typeof chunk === 'string' ? encoding : 'latin1');
  }

  /** Whether that was the final head. */
  #takeHead(text: string): boolean {
    const { status, reason, fields, chunked } = parsedHead(text);
    if (status < 200 && status !== 101) {
      this.#events.information(status, fields);
      return false;
    }
    if (chunked) this.#chunked = new ChunkedReader(this.#events);
    this.#bodiless = hasNoBody(status, this.#method);
    this.#events.head(status, reason, fields);
    return true;
  }

  #body(bytes: Uint8Array): void {
    if (this.#bodiless || bytes.length === 0) return;
    if (this.#chunked === undefined) this.#events.piece(bytes);
    else this.#chunked.read(bytes);
  }
}

/** Bytes of the receiver's own: a listener may use its buffers again once they are written. */
function toBytes(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : new Uint8Array(chunk);
}

interface ParsedHead {
  readonly text: string;
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  /** Whether the body comes in chunks. */
  readonly chunked: boolean;
}

let last: ParsedHead = parseHead('HTTP/1.1 200 OK');

/** Most heads are like the one before: their fields are then the same object, sent for a byte or two. */
function parsedHead(text: string): ParsedHead {
  if (text !== last.text) last = parseHead(text);
  return last;
}

function parseHead(text: string): ParsedHead {
  const [start = '', ...lines] = text.split('\r\n');
  const raw: string[] = [];
  let chunked = false;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = trimBlanks(line.slice(colon + 1));
    if (name.toLowerCase() !== 'transfer-encoding') raw.push(name, value);
    else if (/\bchunked\b/i.test(value)) chunked = true;
  }
  return {
    text,
    status: Number(start.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)),
    reason: trimBlanks(start.slice('HTTP/1.1 200 '.length)),
    fields: new Fields(raw),
    chunked,
  };
}
