import type { Envelope, WindowStart } from './envelope.ts';
import { TpError } from './errors.ts';
import { codecFromWire, isWindowLog } from './hello.ts';
import { MAX_HELLO, MAX_WINDOWS, type WireLimits } from './limits.ts';
import { ByteReader, protocolError } from './reader.ts';
import * as schema from './schema.ts';

/** Room for what an envelope has beside `plain` and `packed`. */
const OVERHEAD = 64;
const MAX_LENGTH_BYTES = 4;
const EMPTY = new Uint8Array(0);

/**
 * Cuts a stream of bytes into envelopes: chunks of any size in, whole envelopes out. Memory is
 * taken for what has arrived, never for what a length promises.
 */
export class EnvelopeDecoder {
  readonly #limits: WireLimits;
  readonly #allocate: (size: number) => Uint8Array;
  readonly #reader = new ByteReader();
  /**
   * What has arrived of an incomplete envelope: the first `#held` bytes of `#kept`. At first that
   * is the end of a chunk; with more, memory of our own of at most four times the size, so that
   * bytes that drip in cost no more than bytes that pour.
   */
  #kept: Uint8Array = EMPTY;
  #held = 0;
  /** Bytes that the next envelope needs, its length included; 0 until the length is known. */
  #needed = 0;
  /** Bytes of that envelope's length. */
  #lengthBytes = 0;
  #maxLength = MAX_HELLO;

  /**
   * @param limits what our own hello says. Until `opened` is called, only a hello fits (W-009).
   * @param allocate gives memory, which need not be zeroed. Default: zeroed.
   */
  constructor(
    limits: WireLimits,
    allocate: (size: number) => Uint8Array = (size) => new Uint8Array(size),
  ) {
    this.#limits = limits;
    this.#allocate = allocate;
  }

  /** The peer's hello was read: envelopes of full size may follow. */
  opened(): void {
    this.#maxLength = this.#limits.batchPacked + this.#limits.batchUnpacked + OVERHEAD;
  }

  /** Bytes that wait for the rest of their envelope. */
  get held(): number {
    return this.#held;
  }

  /**
   * Takes a chunk and gives each envelope that it completes. The views are good as long as the
   * chunk is. A chunk that ends inside an envelope is looked at again when the next one comes: it
   * must not change until then.
   *
   * @throws {TpError} PROTOCOL or DECOMPRESSION_LIMIT, which end the link.
   */
  *push(chunk: Uint8Array): Generator<Envelope, void, undefined> {
    let rest = chunk;
    if (this.#held > 0) {
      if (this.#needed === 0) {
        rest = this.#joined(chunk);
        this.#release();
      } else {
        const missing = this.#needed - this.#held;
        this.#keep(chunk.subarray(0, missing));
        if (chunk.length < missing) return;
        const whole = this.#kept;
        const end = this.#held;
        const start = this.#lengthBytes;
        this.#release();
        yield this.#parse(whole, start, end);
        rest = chunk.subarray(missing);
      }
    }
    let at = 0;
    while (at < rest.length) {
      const needed = this.#measure(rest, at);
      if (needed === 0 || needed > rest.length - at) {
        this.#kept = rest.subarray(at);
        this.#held = rest.length - at;
        this.#needed = needed;
        return;
      }
      const start = at + this.#lengthBytes;
      at += needed;
      yield this.#parse(rest, start, at);
    }
  }

  /** Whole size of the envelope at `at`, its length included; 0 when its length is not all there. */
  #measure(bytes: Uint8Array, at: number): number {
    let length = 0;
    for (let i = 0; i < MAX_LENGTH_BYTES; i++) {
      const byte = bytes[at + i];
      if (byte === undefined) return 0;
      length |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        if (length === 0) throw protocolError('an envelope has the length 0 (W-010)');
        if (length > this.#maxLength) {
          throw new TpError({
            code: 'DECOMPRESSION_LIMIT',
            message: `an envelope of ${length} bytes is longer than the ${this.#maxLength} that fit here (W-009, W-018)`,
          });
        }
        this.#lengthBytes = i + 1;
        return length + i + 1;
      }
    }
    throw protocolError("an envelope's length has more than four bytes (W-010)");
  }

  /** What is held of a length, with the chunk that goes on with it. */
  #joined(chunk: Uint8Array): Uint8Array {
    const joined = new Uint8Array(this.#held + chunk.length);
    joined.set(this.#kept);
    joined.set(chunk, this.#held);
    return joined;
  }

  #keep(piece: Uint8Array): void {
    const held = this.#held + piece.length;
    if (held > this.#kept.length) {
      const grown = this.#allocate(Math.min(this.#needed, 4 * held));
      grown.set(this.#kept.subarray(0, this.#held));
      this.#kept = grown;
    }
    this.#kept.set(piece, this.#held);
    this.#held = held;
  }

  #release(): void {
    this.#kept = EMPTY;
    this.#held = 0;
    this.#needed = 0;
  }

  #parse(bytes: Uint8Array, start: number, end: number): Envelope {
    const reader = this.#reader;
    reader.enter(bytes, start, end);
    let plain: Uint8Array | undefined;
    let packed: Uint8Array | undefined;
    let unpackedSize = 0;
    let crc: number | undefined;
    let window: WindowStart | undefined;
    let windowId = 0;
    while (reader.position < end) {
      const tag = reader.varint();
      switch (tag) {
        case schema.ENVELOPE_PLAIN:
          plain = take(reader);
          break;
        case schema.ENVELOPE_PACKED:
          packed = take(reader);
          break;
        case schema.ENVELOPE_UNPACKED_SIZE:
          unpackedSize = reader.varint();
          break;
        case schema.ENVELOPE_CRC:
          crc = reader.fixed32();
          break;
        case schema.ENVELOPE_WINDOW:
          window = readWindow(reader);
          break;
        case schema.ENVELOPE_WINDOW_ID:
          windowId = reader.varint();
          break;
        default:
          reader.skip(tag, 7);
      }
    }
    reader.enter(EMPTY, 0, 0);
    this.#checkSizes(plain?.length ?? 0, packed?.length ?? 0, unpackedSize);
    if (windowId > 0) this.#checkWindowId(windowId);
    return { plain, packed, unpackedSize, crc, window, windowId };
  }

  #checkWindowId(windowId: number): void {
    const most = Math.min(this.#limits.windows, MAX_WINDOWS);
    if (windowId <= most) return;
    throw new TpError({
      code: 'COMPRESSION',
      message: `an envelope names the window ${windowId}; there are ${most} beside the shared one (W-075)`,
    });
  }

  #checkSizes(plain: number, packed: number, unpackedSize: number): void {
    const { batchPacked, batchUnpacked } = this.#limits;
    if (packed > batchPacked || plain + unpackedSize > batchUnpacked) {
      throw new TpError({
        code: 'DECOMPRESSION_LIMIT',
        message: `a batch of ${packed} packed and ${plain + unpackedSize} unpacked bytes is above ${batchPacked} or ${batchUnpacked} (W-018)`,
      });
    }
    if (packed === 0 && unpackedSize > 0) {
      throw new TpError({
        code: 'COMPRESSION',
        message: `an envelope says that nothing unpacks to ${unpackedSize} bytes (W-016)`,
      });
    }
  }
}

function take(reader: ByteReader): Uint8Array {
  const length = reader.length();
  const start = reader.position;
  reader.position = start + length;
  return reader.bytes.subarray(start, start + length);
}

function readWindow(reader: ByteReader): WindowStart {
  const length = reader.length();
  const outer = reader.end;
  reader.end = reader.position + length;
  let number = 0;
  let windowLog = 0;
  while (reader.position < reader.end) {
    const tag = reader.varint();
    if (tag === 0x08) number = reader.varint();
    else if (tag === 0x10) windowLog = reader.varint();
    else reader.skip(tag, 3);
  }
  reader.end = outer;
  const codec = codecFromWire(number);
  if (codec === undefined || codec === 'none' || !isWindowLog(codec, windowLog)) {
    throw new TpError({
      code: 'COMPRESSION',
      message: `a window of codec ${number} and 2^${windowLog} bytes cannot be (W-071)`,
    });
  }
  return { codec, windowLog };
}
