import type {
  ErrorCode,
  Fields,
  Flaw,
  Hello,
  Processed,
  RecordSink,
  RequestHead,
  ResponseHead,
} from '@tp/wire';

/** A record that a peer has heard. */
export type Said =
  | {
      kind: 'request';
      id: number;
      head: RequestHead;
      more: boolean;
      timeoutMs: number;
      oneWay: boolean;
      body: Uint8Array;
    }
  | { kind: 'response'; id: number; head: ResponseHead; more: boolean; body: Uint8Array }
  | { kind: 'data'; id: number; last: boolean; body: Uint8Array }
  | { kind: 'trailers'; id: number; fields: Fields }
  | { kind: 'credit'; id: number; bytes: number }
  | { kind: 'cancel'; id: number; code: ErrorCode; processed: Processed; message: string }
  | { kind: 'ping'; token: number }
  | { kind: 'pong'; token: number }
  | { kind: 'goaway'; lastId: number; code: ErrorCode; final: boolean; message: string }
  | { kind: 'hello'; hello: Hello };

export type Kind = Said['kind'];
export type SaidOf<K extends Kind> = Extract<Said, { kind: K }>;

/** Writes down what it is given, in order. */
export class Ear implements RecordSink {
  readonly said: Said[] = [];

  request(
    id: number,
    head: RequestHead,
    more: boolean,
    timeoutMs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    oneWay: boolean,
  ): void {
    const body = bytes.slice(start, end);
    this.said.push({ kind: 'request', id, head, more, timeoutMs, oneWay, body });
  }

  response(
    id: number,
    head: ResponseHead,
    more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.said.push({ kind: 'response', id, head, more, body: bytes.slice(start, end) });
  }

  data(id: number, last: boolean, bytes: Uint8Array, start: number, end: number): void {
    this.said.push({ kind: 'data', id, last, body: bytes.slice(start, end) });
  }

  trailers(id: number, fields: Fields): void {
    this.said.push({ kind: 'trailers', id, fields });
  }

  flawed(_id: number, kind: string, flaw: Flaw): void {
    throw new Error(`a flawed ${kind} was sent: ${flaw.message}`);
  }

  credit(id: number, bytes: number): void {
    this.said.push({ kind: 'credit', id, bytes });
  }

  cancel(id: number, code: ErrorCode, processed: Processed, message: string): void {
    this.said.push({ kind: 'cancel', id, code, processed, message });
  }

  ping(token: number): void {
    this.said.push({ kind: 'ping', token });
  }

  pong(token: number): void {
    this.said.push({ kind: 'pong', token });
  }

  goaway(lastId: number, code: ErrorCode, final: boolean, message: string): void {
    this.said.push({ kind: 'goaway', lastId, code, final, message });
  }

  hello(hello: Hello): void {
    this.said.push({ kind: 'hello', hello });
  }

  glitch(): void {
    throw new Error('something useless was sent');
  }
}
