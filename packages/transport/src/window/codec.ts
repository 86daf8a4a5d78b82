import type { CodecName } from '@tp/wire';

/** One direction's compressor: packs batches in order; its window lives until `close`. */
export interface Packer {
  /** Packs a batch and flushes, so that the result can be unpacked at once and whole (W-015). */
  pack(bytes: Uint8Array): Uint8Array;
  close(): void;
}

/** One direction's decompressor, the counterpart of a `Packer`. */
export interface Unpacker {
  /**
   * Unpacks a batch. The result is the caller's.
   *
   * @throws {TpError} COMPRESSION when the bytes can't be followed, DECOMPRESSION_LIMIT when more
   * comes out than the limit that the unpacker was made with.
   */
  unpack(bytes: Uint8Array): Uint8Array;
  close(): void;
}

/** A way to compress, as a value: give your own to `codecs` of a client or server. */
export interface Codec {
  /** What it is on the wire; two codecs of one name must understand each other. */
  readonly name: Exclude<CodecName, 'none'>;
  /** The window that it packs with, as a base-2 logarithm of bytes. */
  readonly windowLog: number;
  packer(windowLog: number): Packer;
  /** @param maxUnpacked the largest batch that may come out, in bytes. */
  unpacker(windowLog: number, maxUnpacked: number): Unpacker;
}
