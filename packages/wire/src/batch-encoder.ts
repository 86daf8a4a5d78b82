import type { ByteOps } from './bytes.ts';
import { codeToWire, processedToWire } from './codes.ts';
import type { ErrorCode, Processed } from './errors.ts';
import type { Fields } from './fields.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { HeadEncoder } from './head-encoder.ts';
import type { HeadProgram } from './head-program.ts';
import { type Hello, writeHello } from './hello.ts';
import { MAX_MESSAGE, type WireLimits } from './limits.ts';
import * as schema from './schema.ts';
import { toUtf8 } from './utf8.ts';
import { ByteWriter, putVarint, varintLength } from './writer.ts';

/** What a batch encoder is made with. */
export interface BatchEncoderOptions {
  readonly bytes: ByteOps;
  /** What the peer's hello accepts. */
  readonly limits: WireLimits;
  /** Whether a field's values must stay out of the window (W-060). */
  readonly isSecret: (name: string) => boolean;
  /** True when nothing is packed: all records then go to `plain`, and so do secrets as they are. */
  readonly inline: boolean;
  /** Memory to start with, in bytes. Default 64 KiB. It grows as needed; `reset` may bring other memory. */
  readonly capacity?: number;
}

const EMPTY = new Uint8Array(0);
/** Room kept free in front of the records, for an envelope's length and tags. */
export const FRONT = 16;
const INITIAL_CAPACITY = 64 * 1024;

/**
 * Writes records into the batch at hand. `records` and `blobs` are what the envelope is made of;
 * `reset` starts the next batch. Heads are checked as they are written; a head that may not be sent
 * throws INVALID_ARGUMENT or HEAD_LIMIT, processed "no", and leaves the batch as it was.
 */
export class BatchEncoder {
  /** The records; bytes before `FRONT` are free for the envelope. */
  readonly records: ByteWriter;
  /** The blob records of `plain`; empty when `inline`. */
  readonly blobs: ByteWriter;
  readonly #heads: HeadEncoder;
  readonly #inline: boolean;
  readonly #bytes: ByteOps;
  #lastRequest = 0;
  #lastResponse = 0;

  constructor(options: BatchEncoderOptions) {
    this.#bytes = options.bytes;
    this.#inline = options.inline;
    this.records = new ByteWriter(options.bytes, options.capacity ?? INITIAL_CAPACITY);
    this.blobs = new ByteWriter(options.bytes, FRONT);
    this.#heads = new HeadEncoder(options.limits, options.isSecret, options.inline);
    this.reset();
  }

  /** Whether records go through a window, so that blobs make a difference. */
  get packs(): boolean {
    return !this.#inline;
  }

  /** Whether heads that follow are written out, with no value from the table and none left there. */
  set apart(apart: boolean) {
    this.#heads.apart = apart;
  }

  /** Bytes of the batch so far. */
  get size(): number {
    return this.records.position - FRONT + this.blobs.position - FRONT;
  }

  /** Starts the next batch. With `buffer`, the records go there from now on. */
  reset(buffer?: Uint8Array): void {
    if (buffer !== undefined) this.records.bytes = buffer;
    this.records.position = FRONT;
    this.blobs.position = FRONT;
  }

  /** Between batches: lets memory go that the next one takes again when it needs it. */
  release(): void {
    this.records.bytes = EMPTY;
    this.blobs.bytes = EMPTY;
    this.#heads.rest();
    this.reset();
  }

  /**
   * @param timeoutMs what is left of the deadline, rounded up; what has run out is said as 1 ms, as
   * 0 means that there is none.
   * @param detached whether the body must stay out of the window: it goes as a blob.
   * @param oneWay whether the peer shall say nothing back (W-124); never with `more`.
   */
  request(
    id: number,
    head: RequestHead,
    body: Uint8Array | undefined,
    more: boolean,
    timeoutMs: number,
    detached = false,
    oneWay = false,
  ): void {
    const program = this.#heads.request(head, body?.length);
    const shownId = id === this.#lastRequest + 1 ? 0 : id;
    this.#lastRequest = id;
    const ms = wholeMs(timeoutMs);
    const content = body ?? EMPTY;
    if (!more && !detached && isBare(program))
      this.#bareMessage(schema.REQUEST, shownId, program.block, content, ms, oneWay);
    else this.#message(schema.REQUEST, shownId, program, content, more, ms, detached, oneWay);
  }

  /** As `request`. */
  response(
    id: number,
    head: ResponseHead,
    body: Uint8Array | undefined,
    more: boolean,
    detached = false,
  ): void {
    const program = this.#heads.response(head, body?.length);
    const shownId = id === this.#lastResponse + 1 ? 0 : id;
    this.#lastResponse = id;
    const content = body ?? EMPTY;
    if (!more && !detached && isBare(program))
      this.#bareMessage(schema.RESPONSE, shownId, program.block, content, 0, false);
    else this.#message(schema.RESPONSE, shownId, program, content, more, 0, detached, false);
  }

  trailers(id: number, fields: Fields): void {
    this.#message(schema.TRAILERS, id, this.#heads.trailers(fields), EMPTY, false, 0, false, false);
  }

  data(id: number, piece: Uint8Array, end: boolean, detached = false): void {
    const apart = detached && !this.#inline && piece.length > 0;
    if (apart) this.#blob(piece);
    const shown = apart ? EMPTY : piece;
    const size =
      1 +
      varintLength(id) +
      (shown.length > 0 ? 1 + varintLength(shown.length) + shown.length : 0) +
      (end ? 2 : 0) +
      (apart ? 2 : 0);
    const writer = this.#open(schema.DATA, size);
    writer.byte(schema.HEAD_ID);
    writer.varint(id);
    if (shown.length > 0) {
      writer.byte(schema.DATA_BYTES);
      writer.varint(shown.length);
      writer.raw(shown);
    }
    writeFlag(writer, schema.DATA_END, end);
    writeFlag(writer, schema.DATA_BLOB, apart);
  }

  credit(id: number, bytes: number): void {
    const writer = this.#open(schema.CREDIT, fieldLength(id) + fieldLength(bytes));
    writer.varintField(schema.HEAD_ID, id);
    writer.varintField(schema.CREDIT_BYTES, bytes);
  }

  cancel(id: number, code: ErrorCode, processed: Processed, message = ''): void {
    const text = toUtf8(message, MAX_MESSAGE);
    const number = codeToWire(code);
    const proof = processedToWire(processed);
    const writer = this.#open(
      schema.CANCEL,
      fieldLength(id) + fieldLength(number) + fieldLength(proof) + textLength(text),
    );
    writer.varintField(schema.HEAD_ID, id);
    writer.varintField(schema.CANCEL_CODE, number);
    writer.varintField(schema.CANCEL_PROCESSED, proof);
    if (text.length > 0) writer.bytesField(schema.CANCEL_MESSAGE, text);
  }

  ping(token: number): void {
    this.#open(schema.PING, fieldLength(token)).varintField(schema.HEAD_ID, token);
  }

  pong(token: number): void {
    this.#open(schema.PONG, fieldLength(token)).varintField(schema.HEAD_ID, token);
  }

  goaway(lastId: number, code: ErrorCode, final: boolean, message = ''): void {
    const text = toUtf8(message, MAX_MESSAGE);
    const number = codeToWire(code);
    const writer = this.#open(
      schema.GOAWAY,
      fieldLength(lastId) + fieldLength(number) + textLength(text) + (final ? 2 : 0),
    );
    writer.varintField(schema.HEAD_ID, lastId);
    writer.varintField(schema.GOAWAY_CODE, number);
    if (text.length > 0) writer.bytesField(schema.GOAWAY_MESSAGE, text);
    writeFlag(writer, schema.GOAWAY_FINAL, final);
  }

  hello(hello: Hello): void {
    const inner = new ByteWriter(this.#bytes, 256);
    writeHello(inner, hello);
    const body = inner.bytes.subarray(0, inner.position);
    this.#open(schema.HELLO, body.length).raw(body);
  }

  #message(
    tag: number,
    id: number,
    program: HeadProgram,
    body: Uint8Array,
    more: boolean,
    timeoutMs: number,
    detached: boolean,
    oneWay: boolean,
  ): void {
    for (const value of program.blobs) this.#blobText(value);
    const apart = detached && !this.#inline && body.length > 0;
    if (apart) this.#blob(body);
    const bodyLength = apart ? 0 : body.length;
    const opsLength = lengthOfOps(program.ops);
    const size =
      fieldLength(id) +
      fieldLength(program.block) +
      (opsLength > 0 ? 1 + varintLength(opsLength) + opsLength : 0) +
      lengthOfTexts(program.texts) +
      fieldLength(program.keep) +
      (bodyLength > 0 ? 1 + varintLength(bodyLength) + bodyLength : 0) +
      (more ? 2 : 0) +
      (apart ? 2 : 0) +
      fieldLength(timeoutMs) +
      (oneWay ? 2 : 0);
    const writer = this.#open(tag, size);
    writer.varintField(schema.HEAD_ID, id);
    writer.varintField(schema.HEAD_BLOCK, program.block);
    if (opsLength > 0) {
      writer.byte(schema.HEAD_OPS);
      writer.varint(opsLength);
      for (const op of program.ops) writer.varint(op);
    }
    for (const text of program.texts) {
      writer.byte(schema.HEAD_TEXT);
      writer.varint(text.length);
      writer.latin1(text);
    }
    writer.varintField(schema.HEAD_KEEP, program.keep);
    if (bodyLength > 0) {
      writer.byte(schema.HEAD_BODY);
      writer.varint(bodyLength);
      writer.raw(body);
    }
    writeFlag(writer, schema.HEAD_MORE, more);
    writeFlag(writer, schema.HEAD_BODY_BLOB, apart);
    writer.varintField(schema.REQUEST_TIMEOUT, timeoutMs);
    writeFlag(writer, schema.REQUEST_ONE_WAY, oneWay);
  }

  /** A head that is a block's number and nothing else: most of them, so written without a detour. */
  #bareMessage(
    tag: number,
    id: number,
    block: number,
    body: Uint8Array,
    timeoutMs: number,
    oneWay: boolean,
  ): void {
    const bodyLength = body.length;
    let size = 1 + varintLength(block);
    if (id !== 0) size += 1 + varintLength(id);
    if (bodyLength > 0) size += 1 + varintLength(bodyLength) + bodyLength;
    if (timeoutMs > 0) size += 1 + varintLength(timeoutMs);
    if (oneWay) size += 2;
    const writer = this.records;
    writer.ensure(size + 12);
    const bytes = writer.bytes;
    let at = writer.position;
    bytes[at++] = schema.BATCH_RECORD;
    at = putVarint(bytes, at, 1 + varintLength(size) + size);
    bytes[at++] = tag;
    at = putVarint(bytes, at, size);
    if (id !== 0) {
      bytes[at++] = schema.HEAD_ID;
      at = putVarint(bytes, at, id);
    }
    bytes[at++] = schema.HEAD_BLOCK;
    at = putVarint(bytes, at, block);
    if (bodyLength > 0) {
      bytes[at++] = schema.HEAD_BODY;
      at = putVarint(bytes, at, bodyLength);
      bytes.set(body, at);
      at += bodyLength;
    }
    if (timeoutMs > 0) {
      bytes[at++] = schema.REQUEST_TIMEOUT;
      at = putVarint(bytes, at, timeoutMs);
    }
    if (oneWay) {
      bytes[at++] = schema.REQUEST_ONE_WAY;
      bytes[at++] = 1;
    }
    writer.position = at;
  }

  /** Starts a record of that kind whose content has exactly `size` bytes, for which there is room then. */
  #open(tag: number, size: number): ByteWriter {
    const writer = this.records;
    writer.ensure(size + 12);
    writer.byte(schema.BATCH_RECORD);
    writer.varint(1 + varintLength(size) + size);
    writer.byte(tag);
    writer.varint(size);
    return writer;
  }

  #blob(piece: Uint8Array): void {
    this.#openBlob(piece.length).raw(piece);
  }

  #blobText(text: string): void {
    this.#openBlob(text.length).latin1(text);
  }

  #openBlob(length: number): ByteWriter {
    const writer = this.blobs;
    writer.ensure(length + 12);
    writer.byte(schema.BATCH_RECORD);
    writer.varint(1 + varintLength(length) + length);
    writer.byte(schema.BLOB);
    writer.varint(length);
    return writer;
  }
}

/** A time as a `uint32`. */
function wholeMs(timeoutMs: number): number {
  if (timeoutMs > 1) return Math.min(Math.ceil(timeoutMs), 0xffffffff);
  return timeoutMs === 0 ? 0 : 1;
}

/** Whether a head is a block's number and nothing else. */
function isBare(program: HeadProgram): boolean {
  return (
    program.block !== 0 &&
    program.ops.length === 0 &&
    program.texts.length === 0 &&
    program.blobs.length === 0
  );
}

function fieldLength(value: number): number {
  return value === 0 ? 0 : 1 + varintLength(value);
}

function textLength(text: Uint8Array): number {
  return text.length === 0 ? 0 : 1 + varintLength(text.length) + text.length;
}

function lengthOfOps(ops: readonly number[]): number {
  let length = 0;
  for (let i = 0; i < ops.length; i++) length += varintLength(ops[i] ?? 0);
  return length;
}

function lengthOfTexts(texts: readonly string[]): number {
  let length = 0;
  for (let i = 0; i < texts.length; i++) {
    const size = texts[i]?.length ?? 0;
    length += 1 + varintLength(size) + size;
  }
  return length;
}

function writeFlag(writer: ByteWriter, tag: number, flag: boolean): void {
  if (!flag) return;
  writer.byte(tag);
  writer.byte(1);
}
