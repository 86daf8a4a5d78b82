import type { ByteOps } from './bytes.ts';
import { checkStreamId, readCancel, readCredit, readGoaway, readToken } from './control-records.ts';
import type { Flaw } from './flaw.ts';
import { HeadDecoder, HeadParts, type TakeBlob } from './head-decoder.ts';
import { readHello } from './hello.ts';
import { MAX_DATA, MAX_ID, MAX_INLINE_BODY, type WireLimits } from './limits.ts';
import { ByteReader, protocolError } from './reader.ts';
import type { RecordSink } from './record-sink.ts';
import * as schema from './schema.ts';

const NOTHING = new Uint8Array(0);

/** Reads the batches of one direction: records in, calls to a sink out. Holds the direction's table. */
export class BatchDecoder {
  readonly #heads: HeadDecoder;
  readonly #sink: RecordSink;
  readonly #reader = new ByteReader();
  readonly #parts = new HeadParts();
  readonly #blobs: Uint8Array[] = [];
  #blobAt = 0;
  /** Whether the record at hand stands in `plain`. */
  inPlain = false;
  #lastRequest = 0;
  #lastResponse = 0;

  /** @param limits what our own hello said that we accept. */
  constructor(ops: ByteOps, limits: WireLimits, sink: RecordSink) {
    this.#heads = new HeadDecoder(ops, limits);
    this.#sink = sink;
  }

  /**
   * Reads the records of an envelope: `plain`, then what `packed` has unpacked to.
   *
   * @throws {TpError} with the code that ends the link. Records before the fault have been given
   * to the sink.
   */
  decode(plain: Uint8Array | undefined, unpacked: Uint8Array | undefined): void {
    this.#blobAt = 0;
    if (plain !== undefined) this.#batch(plain, true);
    if (unpacked !== undefined) this.#batch(unpacked, false);
    if (this.#blobAt < this.#blobs.length) {
      throw protocolError('an envelope has a blob that no record takes (W-064)');
    }
    this.#blobs.length = 0;
    // A link may rest for long now: what came must not stay in memory for it.
    this.#reader.enter(NOTHING, 0, 0);
    this.#parts.bytes = NOTHING;
  }

  #batch(bytes: Uint8Array, isPlain: boolean): void {
    const reader = this.#reader;
    const end = bytes.length;
    this.inPlain = isPlain;
    reader.enter(bytes, 0, end);
    this.#parts.bytes = bytes;
    while (reader.position < end) {
      const tag = reader.varint();
      if (tag !== schema.BATCH_RECORD) {
        reader.skip(tag, 2);
        this.#sink.glitch();
        continue;
      }
      const length = reader.length();
      reader.end = reader.position + length;
      this.#record(isPlain);
      reader.end = end;
    }
  }

  #record(isPlain: boolean): void {
    const reader = this.#reader;
    let tag = 0;
    for (;;) {
      if (reader.position === reader.end) {
        this.#sink.glitch();
        return;
      }
      tag = reader.varint();
      if ((tag & 7) === schema.BYTES && tag <= schema.BLOB) break;
      reader.skip(tag, 12);
      this.#sink.glitch();
    }
    const length = reader.length();
    const recordEnd = reader.end;
    const end = reader.position + length;
    reader.end = end;
    switch (tag) {
      case schema.REQUEST:
        this.#request();
        break;
      case schema.RESPONSE:
        this.#response();
        break;
      case schema.DATA:
        this.#data();
        break;
      case schema.TRAILERS:
        this.#trailers();
        break;
      case schema.CREDIT:
        readCredit(reader, this.#sink);
        break;
      case schema.CANCEL:
        readCancel(reader, this.#sink);
        break;
      case schema.PING:
        this.#sink.ping(readToken(reader, this.#sink));
        break;
      case schema.PONG:
        this.#sink.pong(readToken(reader, this.#sink));
        break;
      case schema.GOAWAY:
        readGoaway(reader, this.#sink);
        break;
      case schema.HELLO:
        this.#sink.hello(readHello(reader));
        break;
      case schema.BLOB:
        if (!isPlain) throw protocolError('a blob stands in packed (W-064)');
        this.#blobs.push(reader.bytes.subarray(reader.position, end));
        reader.position = end;
        break;
      default:
        throw protocolError('a record has the number 0 (W-002)');
    }
    reader.end = recordEnd;
    this.#skipUnknownAfter();
  }

  #skipUnknownAfter(): void {
    const reader = this.#reader;
    while (reader.position < reader.end) {
      const tag = reader.varint();
      if (tag >>> 3 < 12) throw protocolError('a record has two kinds, or one twice (W-005)');
      reader.skip(tag, 12);
      this.#sink.glitch();
    }
  }

  #bodyStart = 0;
  #bodyEnd = 0;
  #id = 0;
  #more = false;
  #bodyBlob = false;
  #timeout = 0;
  #oneWay = false;

  /** Reads the fields that request, response and trailers share. */
  #head(knownBelow: number): void {
    const reader = this.#reader;
    const parts = this.#parts;
    parts.clear();
    this.#id = 0;
    this.#bodyStart = 0;
    this.#bodyEnd = 0;
    this.#more = false;
    this.#bodyBlob = false;
    this.#timeout = 0;
    this.#oneWay = false;
    const end = reader.end;
    while (reader.position < end) {
      const tag = reader.varint();
      if (tag >>> 3 >= knownBelow) {
        reader.skip(tag, knownBelow);
        this.#sink.glitch();
        continue;
      }
      switch (tag) {
        case schema.HEAD_ID:
          this.#id = reader.varint();
          break;
        case schema.HEAD_BLOCK:
          parts.block = reader.varint();
          break;
        case schema.HEAD_OPS: {
          const length = reader.length();
          const opsEnd = reader.position + length;
          reader.end = opsEnd;
          while (reader.position < opsEnd) parts.ops.push(reader.varint());
          reader.end = end;
          break;
        }
        case schema.HEAD_OP_UNPACKED:
          parts.ops.push(reader.varint());
          break;
        case schema.HEAD_TEXT: {
          const length = reader.length();
          parts.texts.push(reader.position, reader.position + length);
          reader.position += length;
          break;
        }
        case schema.HEAD_KEEP:
          parts.keep = reader.varint();
          break;
        case schema.HEAD_BODY: {
          const length = reader.length();
          this.#bodyStart = reader.position;
          this.#bodyEnd = reader.position + length;
          reader.position += length;
          break;
        }
        case schema.HEAD_MORE:
          this.#more = reader.varint() !== 0;
          break;
        case schema.HEAD_BODY_BLOB:
          this.#bodyBlob = reader.varint() !== 0;
          break;
        case schema.REQUEST_TIMEOUT:
          this.#timeout = reader.varint();
          break;
        case schema.REQUEST_ONE_WAY:
          this.#oneWay = reader.varint() !== 0;
          break;
        default:
          reader.skip(tag, knownBelow);
      }
    }
  }

  #request(): void {
    this.#head(11);
    const id = this.#id === 0 ? this.#lastRequest + 1 : this.#id;
    if (id <= this.#lastRequest || id > MAX_ID) {
      throw protocolError(
        `request id ${id} does not grow from ${this.#lastRequest}, or is too high (W-030)`,
      );
    }
    this.#lastRequest = id;
    const head = this.#heads.request(this.#parts, this.#takeBlob);
    const bytes = this.#takeBody();
    const start = this.#bodyStart;
    const end = this.#bodyEnd;
    const more = this.#more;
    const oneWay = this.#oneWay;
    const flaw =
      'code' in head ? head : oneWay && more ? ONE_WAY_AND_MORE : this.#flawOfBody(false);
    if (flaw !== undefined) this.#sink.flawed(id, oneWay && !more ? 'one-way' : 'request', flaw);
    else if (!('code' in head))
      this.#sink.request(id, head, more, this.#timeout, bytes, start, end, oneWay);
  }

  #response(): void {
    this.#head(9);
    const id = this.#id === 0 ? this.#lastResponse + 1 : this.#id;
    if (id > MAX_ID) throw protocolError(`response id ${id} is too high (W-030)`);
    this.#lastResponse = id;
    const head = this.#heads.response(this.#parts, this.#takeBlob);
    const bytes = this.#takeBody();
    if ('code' in head) {
      this.#sink.flawed(id, 'response', head);
      return;
    }
    const flaw = this.#flawOfBody(head.status < 200 && head.status !== 101);
    if (flaw !== undefined) this.#sink.flawed(id, 'response', flaw);
    else this.#sink.response(id, head, this.#more, bytes, this.#bodyStart, this.#bodyEnd);
  }

  #flawOfBody(informational: boolean): Flaw | undefined {
    const length = this.#bodyEnd - this.#bodyStart;
    if (informational && (length > 0 || this.#more)) return INFORMATIONAL;
    if (length === 0) return undefined;
    if (this.#more) return BODY_AND_MORE;
    return length > MAX_INLINE_BODY ? TOO_LONG : undefined;
  }

  #trailers(): void {
    this.#head(6);
    const id = checkStreamId(this.#id);
    const fields = this.#heads.trailers(this.#parts, this.#takeBlob);
    if ('code' in fields) this.#sink.flawed(id, 'trailers', fields);
    else this.#sink.trailers(id, fields);
  }

  #data(): void {
    const reader = this.#reader;
    let id = 0;
    let last = false;
    this.#bodyStart = 0;
    this.#bodyEnd = 0;
    this.#bodyBlob = false;
    while (reader.position < reader.end) {
      const tag = reader.varint();
      switch (tag) {
        case schema.HEAD_ID:
          id = reader.varint();
          break;
        case schema.DATA_BYTES: {
          const length = reader.length();
          this.#bodyStart = reader.position;
          this.#bodyEnd = reader.position + length;
          reader.position += length;
          break;
        }
        case schema.DATA_END:
          last = reader.varint() !== 0;
          break;
        case schema.DATA_BLOB:
          this.#bodyBlob = reader.varint() !== 0;
          break;
        default:
          reader.skip(tag, 5);
          this.#sink.glitch();
      }
    }
    checkStreamId(id);
    const bytes = this.#takeBody();
    const length = this.#bodyEnd - this.#bodyStart;
    if (length > MAX_DATA)
      throw protocolError(`a data record has ${length} bytes; at most ${MAX_DATA} (W-041)`);
    this.#sink.data(id, last, bytes, this.#bodyStart, this.#bodyEnd);
    if (length === 0 && !last) this.#sink.glitch();
  }

  /** Where the body is; `#bodyStart` and `#bodyEnd` count in what this gives. */
  #takeBody(): Uint8Array {
    if (!this.#bodyBlob) return this.#reader.bytes;
    const blob = this.#takeBlob();
    this.#bodyStart = 0;
    this.#bodyEnd = blob.length;
    return blob;
  }

  readonly #takeBlob: TakeBlob = () => {
    const blob = this.#blobs[this.#blobAt++];
    if (blob === undefined) throw protocolError('a record wants a blob that is not there (W-064)');
    return blob.length === 0 ? NOTHING : blob;
  };
}

const INFORMATIONAL: Flaw = {
  code: 'PROTOCOL',
  message: 'an informational response has a body, or says that more follows (W-033)',
};
const BODY_AND_MORE: Flaw = {
  code: 'PROTOCOL',
  message: 'a record has a body and says that more follows (W-032)',
};
const ONE_WAY_AND_MORE: Flaw = {
  code: 'PROTOCOL',
  message: 'a one-way request says that more follows (W-124)',
};
const TOO_LONG: Flaw = {
  code: 'BODY_LIMIT',
  message: `a body in its head's record is longer than ${MAX_INLINE_BODY} bytes (W-040)`,
};
