import { crc32 } from './crc32.ts';

/**
 * The three jobs on bytes that a runtime may do faster than portable code. `@tp/wire` is pure and
 * brings `portableBytes`; a host such as Node passes its own.
 */
export interface ByteOps {
  /** Bytes to text, one character a byte (ISO 8859-1, W-006). */
  readLatin1(bytes: Uint8Array, start: number, end: number): string;
  /** Text to bytes, one byte a character; the caller has made sure of the room and of the characters. */
  writeLatin1(bytes: Uint8Array, text: string, at: number): void;
  /** CRC-32 as in gzip (RFC 1952 section 8), continued from `seed`. */
  crc32(bytes: Uint8Array, seed: number): number;
}

/** `ByteOps` in plain JavaScript, for every runtime. */
export const portableBytes: ByteOps = {
  readLatin1(bytes, start, end) {
    let text = '';
    for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
    return text;
  },
  writeLatin1(bytes, text, at) {
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  },
  crc32,
};
