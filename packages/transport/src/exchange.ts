import { type BatchEncoder, type Fields, TpError, type WireLimits } from '@tp/wire';
import { BodyReader, type BodyReaderOwner } from './body-reader.ts';
import { BodyWriter, type BodyWriterOwner } from './body-writer.ts';
import type { Timed } from './deadlines.ts';
import type { LinkLimits } from './limits.ts';

const NOTHING = new Uint8Array(0);
const utf8 = new TextDecoder();

/** A body that is read from its source while it is sent. */
export interface OutgoingStream {
  readonly source: AsyncIterable<Uint8Array>;
  /** Asked for once the source has ended. */
  readonly trailers?: (() => Fields) | undefined;
}

/** What an exchange asks of the link that carries it. */
export interface ExchangeLink {
  readonly options: { readonly limits: LinkLimits };
  readonly peerLimits: WireLimits;
  /** Bytes of data were consumed or dropped: the link may grant them again. */
  giveBack(bytes: number): void;
  /** Puts a record of control in line. */
  control(write: (encoder: BatchEncoder) => void): void;
  /** The exchange's body has something to send. */
  writable(exchange: Exchange): void;
}

/**
 * One request and its response, as one side sees it: a stream of the link. It is also what the user
 * gets to read the other side's message from, so that a call costs one object. A body that came
 * whole with its head is a range of its batch; everything for streamed bodies is made when needed.
 */
export abstract class Exchange implements BodyReaderOwner, BodyWriterOwner, Timed {
  /** 0 until the request has been written. */
  id = 0;
  /** The link that carries it; undefined before it was given to one. */
  abstract readonly link: ExchangeLink | undefined;
  /** Fields after the body; undefined until they have come, or when there are none. */
  trailers: Fields | undefined = undefined;
  /** Whether the body that we send stays out of the window, as it is compressed already (W-076). */
  detached = false;
  /** The body that we send piece by piece, if any. */
  writer: BodyWriter | undefined = undefined;

  dueAt = 0;
  before: Timed | undefined = undefined;
  after: Timed | undefined = undefined;

  #bytes: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  #reader: BodyReader | undefined = undefined;
  #error: TpError | undefined = undefined;
  #maxBuffered = 0;

  /** The body piece by piece; it can be read once. Leaving the loop early cancels the exchange. */
  get body(): AsyncIterable<Uint8Array> {
    return this.#reader ?? onePiece(this.#whole());
  }

  /**
   * The whole body: at once when it came with its head, else a promise.
   *
   * @throws {TpError} BODY_LIMIT past `maxBufferedBodyBytes`; what ended the exchange if it was
   * not the end of the body.
   */
  bytes(): Uint8Array | Promise<Uint8Array> {
    return this.#reader === undefined ? this.#whole() : this.#reader.collect(this.#maxBuffered);
  }

  /** `bytes()` as UTF-8 text. */
  text(): string | Promise<string> {
    const bytes = this.bytes();
    return bytes instanceof Uint8Array ? utf8.decode(bytes) : bytes.then((all) => utf8.decode(all));
  }

  /** `text()` parsed as JSON. */
  json(): unknown {
    const text = this.text();
    return typeof text === 'string' ? JSON.parse(text) : text.then((all) => JSON.parse(all));
  }

  /** Whether the peer's body is to come in pieces, and has not all come. */
  get receiving(): boolean {
    return this.#reader !== undefined && !this.#reader.complete;
  }

  /** Size of the body that came with the head, in bytes. */
  get inlineLength(): number {
    return this.#end - this.#start;
  }

  /** Writes the head, unless there is no sense in it any more. Called by the link when its turn has come. */
  abstract writeHead(encoder: BatchEncoder): void;
  /** Bytes of the body that goes with the head. */
  abstract readonly pendingBytes: number;
  /** The peer has ended the exchange, or the link is gone. */
  abstract fail(error: TpError): void;
  /** The deadline has passed. */
  abstract expire(): void;
  abstract sourceFailed(error: TpError): void;
  abstract abandoned(): void;
  /** One direction has come to its end; when both have, the link forgets the exchange. */
  abstract settled(): void;

  /** The message's body as its head's record brought it: whole, or `more` follows. */
  protected receive(bytes: Uint8Array, start: number, end: number, more: boolean): void {
    if (!more) {
      this.#bytes = bytes;
      this.#start = start;
      this.#end = end;
      return;
    }
    const limits = this.link?.options.limits;
    const reader = new BodyReader(this, limits?.streamWindow ?? 0);
    this.#maxBuffered = limits?.maxBufferedBodyBytes ?? 0;
    this.#reader = reader;
  }

  /** A piece of the body has come. The error, if any, is one of the stream. */
  receiveData(bytes: Uint8Array, start: number, end: number, last: boolean): TpError | undefined {
    const reader = this.#reader;
    const length = end - start;
    if (reader === undefined || reader.complete) {
      this.consumed(length);
      return new TpError({
        code: 'PROTOCOL',
        message: 'data came for a body that has ended (W-032)',
      });
    }
    if (length > reader.window) {
      this.consumed(length);
      return new TpError({
        code: 'FLOW_CONTROL',
        message: 'more data came than the stream has credit for (W-043)',
      });
    }
    const max = this.link?.options.limits.maxBodyBytes ?? 0;
    if (reader.received + length > max) {
      this.consumed(length);
      return new TpError({
        code: 'BODY_LIMIT',
        message: `a body is longer than ${max} bytes; raise maxBodyBytes if it may be`,
      });
    }
    if (reader.ended) {
      reader.window -= length;
      this.consumed(length);
    } else if (length > 0) reader.push(bytes, start, end);
    if (last) {
      reader.finish();
      this.settled();
    }
    return undefined;
  }

  /** Trailers have come, and end the body. */
  receiveTrailers(fields: Fields): TpError | undefined {
    const reader = this.#reader;
    if (reader === undefined || reader.complete) {
      return new TpError({
        code: 'PROTOCOL',
        message: 'trailers came for a body that has ended (W-032)',
      });
    }
    this.trailers = fields;
    reader.finish();
    this.settled();
    return undefined;
  }

  /** Ends the reading side with an error; what was not read is dropped and its credit given back. */
  protected failBody(error: TpError): void {
    if (this.#reader === undefined) this.#error ??= error;
    else this.#reader.fail(error);
  }

  /** The exchange is complete: a body that was not read holds back no credit (W-044). */
  protected releaseBody(): void {
    this.#reader?.release();
  }

  /** Starts to send a body from its source. */
  protected send(stream: OutgoingStream, link: ExchangeLink): void {
    this.writer = new BodyWriter(
      this,
      stream.source,
      stream.trailers,
      link.peerLimits.streamWindow,
      link.options.limits.streamBuffer,
    );
  }

  consumed(bytes: number): void {
    const link = this.link;
    if (link === undefined) return;
    link.giveBack(bytes);
    const reader = this.#reader;
    if (reader === undefined || reader.ended) return;
    reader.ungranted += bytes;
    if (reader.ungranted >= link.options.limits.streamWindow / 2) {
      const granted = reader.ungranted;
      reader.ungranted = 0;
      reader.window += granted;
      link.control((encoder) => encoder.credit(this.id, granted));
    }
  }

  writable(): void {
    this.link?.writable(this);
  }

  #whole(): Uint8Array {
    if (this.#error !== undefined) throw this.#error;
    return this.#bytes.subarray(this.#start, this.#end);
  }
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
