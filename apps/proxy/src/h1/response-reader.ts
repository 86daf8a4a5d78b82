import { switchesTo } from '@tp/http';
import { TpError } from '@tp/wire';
import { parseFieldLines } from './field-lines.ts';
import { malformed } from './malformed.ts';
import { type OriginHead, parseOriginHead } from './origin-head.ts';

/** What a response consists of, in this order; every call but `end` may be missing or repeat. */
export interface ResponseSink {
  /** A 1xx head. */
  information(head: OriginHead): void;
  /** The final head. `bodiless`: nothing follows it, whatever its fields say (RFC 9112 section 6.3). */
  head(head: OriginHead, bodiless: boolean): void;
  /** A piece of the body: a view onto what was fed. */
  data(bytes: Uint8Array): void;
  /**
   * The origin speaks the protocol that was asked for: its head, and what came behind that. The
   * reader takes nothing further.
   */
  switched(head: OriginHead, rest: Buffer): void;
  /** The response is complete. `trailers` is a flat list, undefined without any. */
  end(trailers: readonly string[] | undefined): void;
}

/** Reads HTTP/1.1 responses from bytes, cut anywhere. Pure: no socket, no clock. */
export interface ResponseReader {
  /**
   * Expects one response. `toHead`: to a HEAD request, so it has no body. `upgrade`: the protocol
   * that was asked for; no other is switched to.
   */
  begin(sink: ResponseSink, toHead: boolean, upgrade?: string): void;
  /**
   * Takes bytes that arrived.
   *
   * @throws {TpError} `UPSTREAM` for anything that is not a well-formed response, and for bytes
   *   that belong to no response.
   */
  feed(bytes: Buffer): void;
  /**
   * The origin sends no more. Ends a body that is delimited by the end of the connection.
   *
   * @throws {TpError} `UPSTREAM` when a response is cut short.
   */
  eof(): void;
  /** Whether a response is expected and not yet complete. */
  readonly busy: boolean;
}

/** Remembers the last head, which most responses of one origin repeat byte for byte. */
export interface HeadMemory {
  text: string;
  head: OriginHead | undefined;
}

/** Longest head of a response, in bytes; 1xx heads count each for themselves. */
export const MAX_HEAD_BYTES = 32 * 1024;
const MAX_INFORMATION = 32;
const MAX_CHUNK_LINE = 1024;
const MAX_TRAILER_BYTES = 8 * 1024;
const MAX_TRAILERS = 32;
const CRLF = 0x0a0d;

/** Makes a reader. Readers of one origin share `memory`. */
export function createResponseReader(memory: HeadMemory): ResponseReader {
  return new Reader(memory);
}

type State = 'idle' | 'head' | 'fixed' | 'until-eof' | 'size' | 'chunk' | 'chunk-end' | 'trailers';

class Reader implements ResponseReader {
  readonly #memory: HeadMemory;
  #sink: ResponseSink | undefined;
  #state: State = 'idle';
  #toHead = false;
  #upgrade: string | undefined;
  #switched: OriginHead | undefined;
  #informations = 0;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0;
  /** The beginning of a head, line or trailer section whose end has not arrived. */
  #partial: Buffer | undefined;
  #trailerBytes = 0;
  #trailerText = '';

  constructor(memory: HeadMemory) {
    this.#memory = memory;
  }

  get busy(): boolean {
    return this.#state !== 'idle';
  }

  begin(sink: ResponseSink, toHead: boolean, upgrade?: string): void {
    this.#sink = sink;
    this.#upgrade = upgrade;
    this.#toHead = toHead;
    this.#state = 'head';
    this.#informations = 0;
  }

  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'idle':
          throw malformed('bytes after the end of the response');
        case 'head':
          at = this.#head(bytes, at);
          if (this.#switched !== undefined) {
            this.#switch(this.#switched, bytes.subarray(at));
            return;
          }
          break;
        case 'fixed':
        case 'chunk':
        case 'until-eof':
          at = this.#data(bytes, at);
          break;
        case 'size':
          at = this.#size(bytes, at);
          break;
        case 'chunk-end':
          at = this.#chunkEnd(bytes, at);
          break;
        case 'trailers':
          at = this.#trailers(bytes, at);
          break;
      }
    }
  }

  eof(): void {
    if (this.#state === 'idle') return;
    if (this.#state === 'until-eof') this.#end(undefined);
    else throw new TpError({ code: 'UPSTREAM', message: 'the origin closed in mid-response' });
  }

  #head(bytes: Buffer, at: number): number {
    const pending = this.#partial;
    const all = pending === undefined ? bytes : Buffer.concat([pending, bytes.subarray(at)]);
    const start = pending === undefined ? at : 0;
    const end = all.indexOf(
      '\r\n\r\n',
      pending === undefined ? at : Math.max(0, pending.length - 3),
    );
    if ((end < 0 ? all.length : end) - start > MAX_HEAD_BYTES) {
      throw malformed(`a head of more than ${MAX_HEAD_BYTES} bytes`);
    }
    if (end < 0) {
      this.#partial = start === 0 ? all : all.subarray(start);
      return bytes.length;
    }
    this.#partial = undefined;
    this.#onHead(this.#parse(all.toString('latin1', start, end)));
    return pending === undefined ? end + 4 : end + 4 - pending.length + at;
  }

  #parse(text: string): OriginHead {
    const memory = this.#memory;
    if (memory.head !== undefined && memory.text === text) return memory.head;
    const head = parseOriginHead(text);
    memory.text = text;
    memory.head = head;
    return head;
  }

  #onHead(head: OriginHead): void {
    if (head.status < 200) {
      if (head.status === 101) {
        this.#checkSwitch(head);
        this.#switched = head;
        return;
      }
      if (++this.#informations > MAX_INFORMATION) throw malformed('too many 1xx heads');
      this.#sink?.information(head);
      return;
    }
    const bodiless = this.#toHead || head.status === 204 || head.status === 304;
    this.#sink?.head(head, bodiless);
    if (bodiless) {
      this.#end(undefined);
    } else if (head.chunked) {
      this.#state = 'size';
      this.#trailerBytes = 0;
      this.#trailerText = '';
    } else if (head.declaredLength === undefined) {
      this.#state = 'until-eof';
    } else {
      this.#left = head.declaredLength;
      if (this.#left === 0) this.#end(undefined);
      else this.#state = 'fixed';
    }
  }

  #checkSwitch(head: OriginHead): void {
    if (this.#upgrade === undefined || !switchesTo(head.headers, this.#upgrade)) {
      throw malformed('a switch to a protocol that nobody asked for');
    }
    if (head.chunked || head.declaredLength !== undefined) {
      throw malformed('a switch of protocols with a body');
    }
  }

  #switch(head: OriginHead, rest: Buffer): void {
    const sink = this.#sink;
    this.#state = 'idle';
    this.#sink = undefined;
    this.#switched = undefined;
    sink?.switched(head, rest);
  }

  #data(bytes: Buffer, at: number): number {
    const left = this.#state === 'until-eof' ? Number.POSITIVE_INFINITY : this.#left;
    const end = Math.min(bytes.length, at + left);
    this.#sink?.data(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.#state === 'until-eof') return end;
    this.#left -= end - at;
    if (this.#left === 0) {
      if (this.#state === 'fixed') this.#end(undefined);
      else this.#state = 'chunk-end';
    }
    return end;
  }

  #size(bytes: Buffer, at: number): number {
    const line = this.#line(bytes, at, MAX_CHUNK_LINE);
    if (line === undefined) return bytes.length;
    // RFC 9112 section 7.1.1: extensions that are not understood are ignored.
    const size = /^([0-9a-fA-F]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line.text);
    if (size === null) throw malformed('a bad chunk size');
    this.#left = Number.parseInt(size[1] ?? '', 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    return line.next;
  }

  #chunkEnd(bytes: Buffer, at: number): number {
    const pending = this.#partial;
    this.#partial = undefined;
    if (pending === undefined && bytes.length - at < 2) {
      this.#partial = bytes.subarray(at);
      return bytes.length;
    }
    const found =
      pending === undefined ? bytes.readUInt16LE(at) : ((bytes[at] ?? 0) << 8) | (pending[0] ?? 0);
    if (found !== CRLF) throw malformed('a chunk that does not end where it says');
    this.#state = 'size';
    return at + (pending === undefined ? 2 : 1);
  }

  #trailers(bytes: Buffer, at: number): number {
    const line = this.#line(bytes, at, MAX_TRAILER_BYTES - this.#trailerBytes);
    if (line === undefined) return bytes.length;
    if (line.text.length > 0) {
      this.#trailerBytes += line.text.length + 2;
      this.#trailerText += `${line.text}\r\n`;
      return line.next;
    }
    const raw = parseFieldLines(this.#trailerText);
    if (raw.length > MAX_TRAILERS * 2) throw malformed(`more than ${MAX_TRAILERS} trailers`);
    this.#end(raw.length === 0 ? undefined : raw);
    return line.next;
  }

  /** One line without its CRLF; undefined, and what there is kept, while its end is missing. */
  #line(bytes: Buffer, at: number, limit: number): { text: string; next: number } | undefined {
    const pending = this.#partial;
    const all = pending === undefined ? bytes : Buffer.concat([pending, bytes.subarray(at)]);
    const start = pending === undefined ? at : 0;
    const end = all.indexOf('\r\n', pending === undefined ? at : Math.max(0, pending.length - 1));
    if ((end < 0 ? all.length : end) - start > limit) throw malformed('an endless line');
    if (end < 0) {
      this.#partial = start === 0 ? all : all.subarray(start);
      return undefined;
    }
    this.#partial = undefined;
    const next = pending === undefined ? end + 2 : end + 2 - pending.length + at;
    return { text: all.toString('latin1', start, end), next };
  }

  #end(trailers: readonly string[] | undefined): void {
    this.#state = 'idle';
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end(trailers);
  }
}
