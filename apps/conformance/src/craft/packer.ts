import { constants, deflateRawSync } from 'node:zlib';
import { zstd } from '@tp/transport';
import type { CodecName } from '../codes.ts';

/** One direction's compressor with its window (W-015). */
export interface Packer {
  readonly codec: CodecName;
  readonly windowLog: number;
  /** Packs a batch, ended by a flush. */
  pack(bytes: Uint8Array): Uint8Array;
  close(): void;
}

/** Starts a window. */
export function startPacker(codec: CodecName, windowLog: number): Packer {
  return codec === 'DEFLATE' ? new DeflatePacker(windowLog) : zstdPacker(windowLog);
}

/** A batch packed on its own, with the first window that stands before it empty. */
export function packOnce(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
}

/** Each batch is packed by itself, with what went before as the dictionary: the same as one stream. */
class DeflatePacker implements Packer {
  readonly codec = 'DEFLATE';
  readonly windowLog: number;
  #window: Uint8Array = new Uint8Array(0);

  constructor(windowLog: number) {
    this.windowLog = windowLog;
  }

  pack(bytes: Uint8Array): Uint8Array {
    const dictionary = this.#window;
    const options = { finishFlush: constants.Z_SYNC_FLUSH, windowBits: this.windowLog };
    const packed = deflateRawSync(
      bytes,
      dictionary.length > 0 ? { ...options, dictionary } : options,
    );
    this.#window = Buffer.concat([dictionary, bytes]).subarray(-(2 ** this.windowLog));
    return packed;
  }

  close(): void {}
}

function zstdPacker(windowLog: number): Packer {
  const packer = zstd.packer(windowLog);
  return {
    codec: 'ZSTD',
    windowLog,
    pack: (bytes) => packer.pack(bytes),
    close: () => packer.close(),
  };
}
