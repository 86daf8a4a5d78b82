import * as zlib from 'node:zlib';
import { TpError } from '@tp/wire';
import { DeflateRaw, InflateRaw, ZstdCompress, ZstdDecompress } from 'minizlib';
import type { Codec, Packer, Unpacker } from './codec.ts';

/** DEFLATE by Node's own zlib, level 6, window 2^15. */
export const deflate: Codec = {
  name: 'deflate',
  windowLog: 15,
  packer(windowLog) {
    const options = { ...DEFLATE, level: 6, windowBits: windowLog };
    return new NativePacker(new DeflateRaw(options));
  },
  unpacker(windowLog, maxUnpacked) {
    const options = {
      ...DEFLATE,
      windowBits: windowLog,
      maxOutputLength: maxUnpacked,
    };
    return new NativeUnpacker(new InflateRaw(options));
  },
};

/** Zstandard by Node's own zlib, level 1, window 2^20. */
export const zstd: Codec = {
  name: 'zstd',
  windowLog: 20,
  packer(windowLog) {
    const options = {
      ...ZSTD,
      params: {
        [zlib.constants.ZSTD_c_compressionLevel]: 1,
        [zlib.constants.ZSTD_c_windowLog]: windowLog,
      },
    };
    return new NativePacker(new ZstdCompress(options));
  },
  unpacker(windowLog, maxUnpacked) {
    const options = {
      ...ZSTD,
      maxOutputLength: maxUnpacked,
      params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLog },
    };
    return new NativeUnpacker(new ZstdDecompress(options));
  },
};

/** Whether this Node has Zstandard (22.15 and later). */
export const hasZstd: boolean = 'createZstdCompress' in zlib;

/** Output is taken from the engine in pieces of this many bytes. */
const CHUNK = 64 * 1024;
const DEFLATE = { flush: zlib.constants.Z_SYNC_FLUSH, chunkSize: CHUNK };
const ZSTD = { flush: zlib.constants.ZSTD_e_flush, chunkSize: CHUNK };

type Engine = DeflateRaw | InflateRaw | ZstdCompress | ZstdDecompress;

/** Runs a stateful engine synchronously: what a write gives is there when it returns. */
class Run {
  readonly #engine: Engine;
  #out: Uint8Array[] = [];
  #error: unknown;

  constructor(engine: Engine) {
    this.#engine = engine;
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
