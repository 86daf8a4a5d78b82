import {
  BatchDecoder,
  BatchEncoder,
  type BatchEncoderOptions,
  DEFAULT_LIMITS,
  type ErrorCode,
  Fields as FieldList,
  type Fields,
  type Flaw,
  FRONT,
  type Hello,
  type Processed,
  portableBytes,
  type RecordSink,
  RequestHead,
  ResponseHead,
  type WireLimits,
} from '../index.ts';

/** A record as data: what goes into an encoder and what a decoder gives. Bodies are ISO 8859-1. */
export type Said =
  | {
      kind: 'request';
      id: number;
      method: string;
      path: string;
      fields: readonly string[];
      body: string;
      more: boolean;
      timeoutMs: number;
      oneWay: boolean;
    }
  | {
      kind: 'response';
      id: number;
      status: number;
      reason: string;
      fields: readonly string[];
      body: string;
      more: boolean;
    }
  | { kind: 'data'; id: number; body: string; last: boolean }
  | { kind: 'trailers'; id: number; fields: readonly string[] }
  | { kind: 'flawed'; id: number; of: string; code: ErrorCode }
  | { kind: 'credit'; id: number; bytes: number }
  | { kind: 'cancel'; id: number; code: ErrorCode; processed: Processed; message: string }
  | { kind: 'ping'; token: number }
  | { kind: 'pong'; token: number }
  | { kind: 'goaway'; lastId: number; code: ErrorCode; final: boolean; message: string }
  | { kind: 'hello'; hello: Hello };

/** A sink that writes down what it is given. */
export class Collector implements RecordSink {
  readonly said: Said[] = [];
  readonly heads: (RequestHead | ResponseHead)[] = [];
  readonly flaws: Flaw[] = [];
  glitches = 0;

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
    const { method, path, fields } = head;
    this.heads.push(head);
    const body = latin1(bytes.subarray(start, end));
    this.said.push({
      kind: 'request',
      id,
      method,
      path,
      fields: fields.raw,
      body,
      more,
      timeoutMs,
      oneWay,
    });
  }
  response(
    id: number,
    head: ResponseHead,
    more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { status, reason, fields } = head;
    this.heads.push(head);
    const body = latin1(bytes.subarray(start, end));
    this.said.push({ kind: 'response', id, status, reason, fields: fields.raw, body, more });
  }
  data(id: number, last: boolean, bytes: Uint8Array, start: number, end: number): void {
    this.said.push({ kind: 'data', id, body: latin1(bytes.subarray(start, end)), last });
  }
  trailers(id: number, fields: Fields): void {
    this.said.push({ kind: 'trailers', id, fields: fields.raw });
  }
  flawed(id: number, of: string, flaw: Flaw): void {
    this.flaws.push(flaw);
    this.said.push({ kind: 'flawed', id, of, code: flaw.code });
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
    this.glitches++;
  }
}

/** Writes a record. `detached` keeps its body out of the window. */
export function say(encoder: BatchEncoder, record: Said, detached = false): void {
  switch (record.kind) {
    case 'request': {
      const head = new RequestHead(record.method, record.path, new FieldList(record.fields));
      const body = bytesOf(record.body);
      const { id, more, timeoutMs, oneWay } = record;
      encoder.request(id, head, body, more, timeoutMs, detached, oneWay);
      return;
    }
    case 'response': {
      const head = new ResponseHead(record.status, new FieldList(record.fields), record.reason);
      encoder.response(record.id, head, bytesOf(record.body), record.more, detached);
      return;
    }
    case 'data':
      encoder.data(record.id, bytesOf(record.body), record.last, detached);
      return;
    case 'trailers':
      encoder.trailers(record.id, new FieldList(record.fields));
      return;
    case 'flawed':
      throw new Error('a flawed record cannot be said');
    case 'credit':
      encoder.credit(record.id, record.bytes);
      return;
    case 'cancel':
      encoder.cancel(record.id, record.code, record.processed, record.message);
      return;
    case 'ping':
      encoder.ping(record.token);
      return;
    case 'pong':
      encoder.pong(record.token);
      return;
    case 'goaway':
      encoder.goaway(record.lastId, record.code, record.final, record.message);
      return;
    case 'hello':
      encoder.hello(record.hello);
  }
}

const SECRETS = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'proxy-authorization',
  'x-api-key',
  'x-session',
]);

/** The names of W-060 and one, `x-session`, that the user gives. */
export function isSecret(name: string): boolean {
  return SECRETS.has(name.toLowerCase());
}

/** An encoder with the defaults. */
export function newEncoder(options: Partial<BatchEncoderOptions> = {}): BatchEncoder {
  return new BatchEncoder({
    bytes: portableBytes,
    limits: DEFAULT_LIMITS,
    isSecret,
    inline: false,
    ...options,
  });
}

/** The two lanes of a batch, copied, and a new batch started. */
export function takeBatch(encoder: BatchEncoder): { records: Uint8Array; blobs: Uint8Array } {
  const { records, blobs } = encoder;
  const taken = {
    records: records.bytes.slice(FRONT, records.position),
    blobs: blobs.bytes.slice(FRONT, blobs.position),
  };
  encoder.reset();
  return taken;
}

/** Both sides of one direction. */
export class Pipe {
  readonly encoder: BatchEncoder;
  readonly decoder: BatchDecoder;
  readonly sink = new Collector();

  constructor(limits: Partial<WireLimits> = {}, inline = false) {
    const all = { ...DEFAULT_LIMITS, ...limits };
    this.encoder = newEncoder({ limits: all, inline });
    this.decoder = new BatchDecoder(portableBytes, all, this.sink);
  }

  /** Sends what the encoder holds; gives the records that came out and the lanes that went over. */
  flush(): { said: Said[]; records: Uint8Array; blobs: Uint8Array } {
    const { records, blobs } = takeBatch(this.encoder);
    this.decoder.decode(blobs, records);
    return { said: this.sink.said.splice(0), records, blobs };
  }
}

/** Bytes as text, one character each. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

/** Text as bytes, one for each character. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
