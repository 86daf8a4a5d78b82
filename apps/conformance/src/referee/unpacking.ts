import { constants, inflateRawSync } from 'node:zlib';
import { type Unpacker, zstd } from '@tp/transport';
import { CODECS, type CodecName } from '../codes.ts';
import type { Limits, Offer } from '../craft/hello.ts';
import { Message } from './message.ts';
import { Violation } from './violation.ts';
import { WINDOW_LOGS } from './window-logs.ts';
import { ZstdFrame } from './zstd-frame.ts';

/** Most isolated windows of a direction (W-075). */
const MAX_WINDOWS = 16;
const SYNC_FLUSH = Uint8Array.of(0, 0, 0xff, 0xff);
/** A stored block of one byte, which comes out only where no final block came before. */
const ONE_BYTE = Uint8Array.of(0, 1, 0, 0xfe, 0xff, 0x41);

/** One window of the peer. */
interface Window {
  unpack(packed: Uint8Array, size: number): Uint8Array;
  close(): void;
}

/** The peer's compressors, seen from behind: unpacks its batches and holds them to W-070 to W-075. */
export class Unpacking {
  readonly #offers: readonly Offer[];
  readonly #limits: Limits;
  /** By their ids: 0 is the shared one. */
  readonly #windows = new Map<number, Window>();
  #id = 0;
  /** The codecs that the peer has started windows of, in order. */
  readonly started: CodecName[] = [];

  constructor(offers: readonly Offer[], limits: Limits) {
    this.#offers = offers;
    this.#limits = limits;
  }

  /** The window that the next envelope means (W-075). */
  choose(id: number): void {
    const most = Math.min(this.#limits.windows, MAX_WINDOWS);
    if (id > most) throw new Violation('W-075', `window ${id} is named, ${most} are allowed`);
    this.#id = id;
  }

  /** A new window (W-070). True when there was one before. */
  start(bytes: Uint8Array): boolean {
    const message = new Message('WindowStart', bytes);
    const codec = CODECS[message.uint(1)];
    const windowLog = message.uint(2);
    const offer = this.#offers.find((one) => one.codec === codec);
    if (offer === undefined || codec === undefined || codec === 'NONE') {
      throw new Violation('W-070', `a window of codec ${codec ?? message.uint(1)} was not offered`);
    }
    if (
      windowLog > offer.windowLog ||
      windowLog < WINDOW_LOGS[codec].least ||
      windowLog > WINDOW_LOGS[codec].most
    ) {
      throw new Violation(
        'W-071',
        `a window of ${codec} has log ${windowLog}, offered was ${offer.windowLog}`,
      );
    }
    const before = this.#windows.get(this.#id);
    before?.close();
    this.started.push(codec);
    this.#windows.set(
      this.#id,
      codec === 'DEFLATE'
        ? new DeflateWindow(windowLog)
        : new ZstdWindow(windowLog, this.#limits.batchUnpacked),
    );
    return before !== undefined;
  }

  /** What a batch unpacks to, which must be as long as declared (W-016). */
  unpack(packed: Uint8Array, size: number): Uint8Array {
    const window = this.#windows.get(this.#id);
    if (window === undefined) {
      throw new Violation('W-019', 'packed came before any window', packed);
    }
    const unpacked = window.unpack(packed, size);
    if (unpacked.length !== size) {
      throw new Violation(
        'W-016',
        `${size} bytes were declared, ${unpacked.length} came out`,
        packed,
      );
    }
    return unpacked;
  }

  close(): void {
    for (const window of this.#windows.values()) window.close();
    this.#windows.clear();
  }
}

/** Each batch ends on a byte, so it can be unpacked by itself with what came before as dictionary. */
class DeflateWindow implements Window {
  readonly #windowLog: number;
  #history: Uint8Array = new Uint8Array(0);

  constructor(windowLog: number) {
    this.#windowLog = windowLog;
  }

  unpack(packed: Uint8Array, size: number): Uint8Array {
    if (Buffer.compare(packed.subarray(-SYNC_FLUSH.length), SYNC_FLUSH) !== 0) {
      throw new Violation('W-073', 'a batch does not end in a sync flush', packed.subarray(-16));
    }
    const unpacked = this.#inflate(packed, size + 1);
    const further = this.#inflate(Buffer.concat([packed, ONE_BYTE]), size + 2);
    if (further.length === unpacked.length) {
      throw new Violation('W-073', 'a batch has a final block', packed);
    }
    this.#history = Buffer.concat([this.#history, unpacked]).subarray(-(2 ** this.#windowLog));
    return unpacked;
  }

  #inflate(input: Uint8Array, most: number): Uint8Array {
    try {
      return inflateRawSync(input, {
        finishFlush: constants.Z_SYNC_FLUSH,
        windowBits: this.#windowLog,
        maxOutputLength: most,
        ...(this.#history.length > 0 ? { dictionary: this.#history } : {}),
      });
    } catch (error) {
      throw cannotUnpack(error, input);
    }
  }

  close(): void {}
}

class ZstdWindow implements Window {
  readonly #frame = new ZstdFrame();
  readonly #unpacker: Unpacker;

  constructor(windowLog: number, maxUnpacked: number) {
    this.#unpacker = zstd.unpacker(windowLog, maxUnpacked);
  }

  unpack(packed: Uint8Array): Uint8Array {
    this.#frame.walk(packed);
    try {
      return this.#unpacker.unpack(packed);
    } catch (error) {
      throw cannotUnpack(error, packed);
    }
  }

  close(): void {
    this.#unpacker.close();
  }
}

function cannotUnpack(error: unknown, packed: Uint8Array): Violation {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const isTooMuch = code === 'ERR_BUFFER_TOO_LARGE' || code === 'DECOMPRESSION_LIMIT';
  return isTooMuch
    ? new Violation('W-016', 'a batch unpacks to more than was declared', packed)
    : new Violation('W-015', `a batch cannot be unpacked: ${String(error)}`, packed);
}
