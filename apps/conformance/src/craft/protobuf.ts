/*
 * Protobuf's bytes, written plainly (https://protobuf.dev/programming-guides/encoding). The kit
 * writes its own: a fault in the encoder of a peer cannot hide in it.
 */

/** A piece of a message: bytes, or text of which each character is one byte. */
export type Piece = Uint8Array | string;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** All bytes, one behind the other. */
export function concat(...pieces: readonly Piece[]): Uint8Array {
  return Buffer.concat(pieces.map(toBytes));
}

/** Text as bytes, each character one (W-006). */
export function toBytes(piece: Piece): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
}

/** A varint. With `width` it is padded to so many bytes, which means the same number (W-001). */
export function varint(value: number | bigint, width = 0): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    bytes.push(Number(rest & 0x7fn));
    rest >>= 7n;
  } while (rest > 0n);
  while (bytes.length < width) bytes.push(0);
  return Uint8Array.from(bytes, (byte, at) => (at + 1 < bytes.length ? byte | 0x80 : byte));
}

/** A field's tag. */
export function tag(number: number, wireType: number): Uint8Array {
  return varint(BigInt(number) * 8n + BigInt(wireType));
}

/** A field with an integer. */
export function uint(number: number, value: number | bigint): Uint8Array {
  return concat(tag(number, VARINT), varint(value));
}

/** A field with bytes: also a message, and packed integers. */
export function bytes(number: number, ...pieces: readonly Piece[]): Uint8Array {
  const content = concat(...pieces);
  return concat(tag(number, LENGTH), varint(content.length), content);
}

/** A field with four bytes. */
export function fixed32(number: number, value: number): Uint8Array {
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value);
  return concat(tag(number, FIXED32), four);
}

/** A field with eight bytes; nothing in tp's schema has such. */
export function fixed64(number: number, value: bigint): Uint8Array {
  const eight = Buffer.alloc(8);
  eight.writeBigUInt64LE(value);
  return concat(tag(number, FIXED64), eight);
}
