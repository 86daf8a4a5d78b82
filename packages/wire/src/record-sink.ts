import type { ErrorCode, Processed } from './errors.ts';
import type { Fields } from './fields.ts';
import type { Flaw } from './flaw.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import type { Hello } from './hello.ts';

/** What a flawed record is. Nothing is said back of a flawed one-way request (W-125). */
export type FlawedKind = 'request' | 'one-way' | 'response' | 'trailers';

/**
 * Takes the records of a batch in order. Bodies come as a range of `bytes`: what is kept must be
 * copied or viewed before the memory is used again.
 */
export interface RecordSink {
  /** @param oneWay whether nothing may be said back (W-124); then `more` is false. */
  request(
    id: number,
    head: RequestHead,
    more: boolean,
    timeoutMs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    oneWay: boolean,
  ): void;
  response(
    id: number,
    head: ResponseHead,
    more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  data(id: number, last: boolean, bytes: Uint8Array, start: number, end: number): void;
  trailers(id: number, fields: Fields): void;
  /** A record whose stream must end, though the link need not (errors "of the stream"). */
  flawed(id: number, kind: FlawedKind, flaw: Flaw): void;
  credit(id: number, bytes: number): void;
  cancel(id: number, code: ErrorCode, processed: Processed, message: string): void;
  ping(token: number): void;
  pong(token: number): void;
  goaway(lastId: number, code: ErrorCode, final: boolean, message: string): void;
  hello(hello: Hello): void;
  /** Something useless that is charged (W-095). */
  glitch(): void;
}
