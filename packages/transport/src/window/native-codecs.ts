import * as zlib from 'node:zlib';
import { TpError } from '@tp/wire';
import { DeflateRaw, InflateRaw, ZstdCompress, ZstdDecompress } from 'minizlib';
import type { Codec, Packer, Unpacker } from './codec.ts';

/** How DEFLATE packs. */
export interface DeflateSettings {
  /** From 0 (stored) to 9 (smallest and slowest). Default 6. */
  readonly level?: number;
  /** The window as a base-2 logarithm of bytes, 9 to 15. Default 15. The peer's offer bounds it (W-071). */
  readonly windowLog?: number;
  /** How much memory the compressor takes beside the window, 1 to 9: about 2^(`memLevel` + 9) bytes. Default 8. */
  readonly memLevel?: number;
}

/** How Zstandard packs. */
export interface ZstdSettings {
  /** From 1 (fastest) to 22 (smallest and slowest). Default 1. */
  readonly level?: number;
  /** The window as a base-2 logarithm of bytes, 10 to 22. Default 20. The peer's offer bounds it (W-071). */
  readonly windowLog?: number;
}

/** A codec that can also be had with other settings. */
export interface TunableCodec<Settings> extends Codec {
  /**
   * The same codec with these settings; what is left out is the default. `windowLog` is also the
   * largest window that it unpacks. Levels are the packing side's own affair.
   *
   * @throws {TpError} INVALID_ARGUMENT for a setting out of its range.
   */
  with(settings: Settings): Codec;
}

/** DEFLATE by Node's own zlib: level 6, window 2^15, unless `with` says otherwise. */
export const deflate: TunableCodec<DeflateSettings> = { ...makeDeflate({}), with: makeDeflate };

/** Zstandard by Node's own zlib: level 1, window 2^20, unless `with` says otherwise. */
export const zstd: TunableCodec<ZstdSettings> = { ...makeZstd({}), with: makeZstd };

/** Whether this Node has Zstandard (22.15 and later). */
export const hasZstd: boolean = 'createZstdCompress' in zlib;

/** Output is taken from an engine in pieces of this many bytes. */
const CHUNK = 64 * 1024;

function makeDeflate({ level = 6, windowLog = 15, memLevel = 8 }: DeflateSettings): Codec {
  checkSetting('level', level, 0, 9);
  checkSetting('windowLog', windowLog, 9, 15);
  checkSetting('memLevel', memLevel, 1, 9);
  return {
    name: 'deflate',
    windowLog,
    packer: (agreed) => {
      const options = { ...deflateEngine(), level, memLevel, windowBits: agreed };
      return new NativePacker(new DeflateRaw(options));
    },
    unpacker: (agreed, maxOutputLength) => {
      const options = { ...deflateEngine(), windowBits: agreed, maxOutputLength };
      return new NativeUnpacker(new InflateRaw(options));
    },
  };
}

function makeZstd({ level = 1, windowLog = 20 }: ZstdSettings): Codec {
  checkSetting('level', level, 1, 22);
  checkSetting('windowLog', windowLog, 10, 22);
  return {
    name: 'zstd',
    windowLog,
    packer: (agreed) => {
      const params = {
        [zlib.constants.ZSTD_c_compressionLevel]: level,
        [zlib.constants.ZSTD_c_windowLog]: agreed,
      };
      const options = { ...zstdEngine(), params };
      return new NativePacker(new ZstdCompress(options));
    },
    unpacker: (agreed, maxOutputLength) => {
      const params = { [zlib.constants.ZSTD_d_windowLogMax]: agreed };
      const options = { ...zstdEngine(), maxOutputLength, params };
      return new NativeUnpacker(new ZstdDecompress(options));
    },
  };
}

/** What both directions share. Functions, as the codecs above are made before what stands here. */
function deflateEngine(): { flush: number; chunkSize: number } {
  return { flush: zlib.constants.Z_SYNC_FLUSH, chunkSize: canShare ? LEAST_CHUNK : CHUNK };
}

function zstdEngine(): { flush: number; chunkSize: number } {
  return { flush: zlib.constants.ZSTD_e_flush, chunkSize: canShare ? LEAST_CHUNK : CHUNK };
}

function checkSetting(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new TpError({
    code: 'INVALID_ARGUMENT',
    message: `found ${name}: ${value}; expected a whole number from ${least} to ${most}`,
    processed: 'no',
  });
}

/** Where every engine of the process puts the first piece of its output; it is copied before the next runs. */
const output = Buffer.allocUnsafeSlow(CHUNK);
/** An engine's own until `shareOutput`, in bytes. */
const LEAST_CHUNK = 64;
/** Whether this Node's engines keep their output where we look for it. */
const canShare = '_outBuffer' in zlib.createDeflateRaw() && '_chunkSize' in zlib.createDeflateRaw();

/** Gives an engine the memory that all share: 64 KiB for each direction of each link would be most of what a link takes. */
function shareOutput(engine: Engine): void {
  if (!canShare || engine.handle === undefined) return;
  Reflect.set(engine.handle, '_outBuffer', output);
  Reflect.set(engine.handle, '_chunkSize', CHUNK);
}

type Engine = DeflateRaw | InflateRaw | ZstdCompress | ZstdDecompress;

/** Runs a stateful engine synchronously: what a write gives is there when it returns. */
class Run {
  readonly #engine: Engine;
  #out: Uint8Array[] = [];
  #error: unknown;

  constructor(engine: Engine) {
    this.#engine = engine;
    shareOutput(engine);
    engine.on('data', (piece: Uint8Array) => this.#out.push(piece));
    engine.on('error', (error: unknown) => {
      this.#error = error;
    });
  }

  run(bytes: Uint8Array): Uint8Array {
    this.#out = [];
    this.#engine.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    if (this.#error !== undefined) throw this.#error;
    const only = this.#out[0];
    return this.#out.length === 1 && only !== undefined ? only : Buffer.concat(this.#out);
  }

  close(): void {
    this.#engine.close();
  }
}

class NativePacker implements Packer {
  readonly #run: Run;

  constructor(engine: Engine) {
    this.#run = new Run(engine);
  }

  pack(bytes: Uint8Array): Uint8Array {
    return this.#run.run(bytes);
  }

  close(): void {
    this.#run.close();
  }
}

class NativeUnpacker implements Unpacker {
  readonly #run: Run;

  constructor(engine: Engine) {
    this.#run = new Run(engine);
  }

  unpack(bytes: Uint8Array): Uint8Array {
    try {
      return this.#run.run(bytes);
    } catch (error) {
      const tooMuch =
        error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      throw new TpError({
        code: tooMuch ? 'DECOMPRESSION_LIMIT' : 'COMPRESSION',
        message: tooMuch
          ? 'a batch unpacks to more than the limit (W-016)'
          : 'a packed batch cannot be unpacked (W-015)',
        cause: error,
      });
    }
  }

  close(): void {
    this.#run.close();
  }
}
