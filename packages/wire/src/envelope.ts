import type { CodecName } from './hello.ts';

/** The start of a new compression window (W-070). */
export interface WindowStart {
  readonly codec: CodecName;
  /** Base-2 logarithm of the window, in bytes. */
  readonly windowLog: number;
}

/** A batch as it stands on the connection. */
export interface Envelope {
  /** Records that never enter a window. */
  readonly plain: Uint8Array | undefined;
  /** Records that went through it. */
  readonly packed: Uint8Array | undefined;
  /** The exact length that `packed` unpacks to. */
  readonly unpackedSize: number;
  /** CRC-32 of `plain` and the unpacked bytes; undefined when the envelope has none. */
  readonly crc: number | undefined;
  readonly window: WindowStart | undefined;
  /** Which window `packed` and `window` mean: 0, the shared one, or an isolated one (W-075). */
  readonly windowId: number;
}
