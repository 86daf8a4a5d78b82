import type { ByteOps } from './bytes.ts';

/**
 * A growing run of bytes with the primitives of protobuf. Whoever writes calls `ensure` first;
 * the rest does not check for room.
 */
export class ByteWriter {
  bytes: Uint8Array;
  position: number;
  readonly #ops: ByteOps;

  constructor(ops: ByteOps, capacity: number) {
    this.#ops = ops;
    this.bytes = new Uint8Array(capacity);
    this.position = 0;
  }

  /** Makes sure that `more` further bytes fit. */
  ensure(more: number): void {
    const needed = this.position + more;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.position));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.bytes[this.position++] = value;
  }

  varint(value: number): void {
    this.position = putVarint(this.bytes, this.position, value);
  }

  fixed32(value: number): void {
    const bytes = this.bytes;
    bytes[this.position++] = value & 0xff;
    bytes[this.position++] = (value >>> 8) & 0xff;
    bytes[this.position++] = (value >>> 16) & 0xff;
    bytes[this.position++] = value >>> 24;
  }

  raw(piece: Uint8Array): void {
    this.bytes.set(piece, this.position);
    this.position += piece.length;
  }

  /** Text of one byte a character. */
  latin1(text: string): void {
    const length = text.length;
    if (length < 24) {
      const bytes = this.bytes;
      const at = this.position;
      for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    } else {
      this.#ops.writeLatin1(this.bytes, text, this.position);
    }
    this.position += length;
  }

  /** A tag of one byte, a length, and bytes. */
  bytesField(tag: number, piece: Uint8Array): void {
    this.ensure(piece.length + 6);
    this.byte(tag);
    this.varint(piece.length);
    this.raw(piece);
  }

  /** A tag of one byte and an integer; nothing for 0, as proto3 has it. */
  varintField(tag: number, value: number): void {
    if (value === 0) return;
    this.ensure(6);
    this.byte(tag);
    this.varint(value);
  }
}

/** How many bytes a varint of this value has. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** Writes a varint at a place where there is room; gives the place behind it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let end = at;
  let rest = value;
  while (rest > 0x7f) {
    bytes[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[end++] = rest;
  return end;
}
