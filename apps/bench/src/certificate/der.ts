/** The few forms of ASN.1 DER (X.690) that a certificate needs. Each function returns tag, length and content. */

/** SEQUENCE of values that are encoded already. */
export function sequence(...parts: Uint8Array[]): Uint8Array {
  return tagged(0x30, Buffer.concat(parts));
}

/** SET of values that are encoded already. */
export function set(...parts: Uint8Array[]): Uint8Array {
  return tagged(0x31, Buffer.concat(parts));
}

/** INTEGER from its big-endian bytes, the first of them below 128. */
export function integer(bytes: Uint8Array): Uint8Array {
  return tagged(0x02, bytes);
}

/** BOOLEAN. */
export function boolean(value: boolean): Uint8Array {
  return tagged(0x01, Uint8Array.of(value ? 0xff : 0));
}

/** BIT STRING of whole bytes. */
export function bitString(bytes: Uint8Array): Uint8Array {
  return tagged(0x03, Buffer.concat([Uint8Array.of(0), bytes]));
}

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Uint8Array {
  return tagged(0x04, bytes);
}

/** UTF8String. */
export function utf8(text: string): Uint8Array {
  return tagged(0x0c, Buffer.from(text));
}

/** UTCTime, to the second. */
export function utcTime(moment: Date): Uint8Array {
  const digits = moment.toISOString().replaceAll(/[-:T]/g, '');
  return tagged(0x17, Buffer.from(`${digits.slice(2, 14)}Z`));
}

/** OBJECT IDENTIFIER from its arcs. */
export function oid(first: number, second: number, ...arcs: number[]): Uint8Array {
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...arcs.flatMap(base128)]));
}

/** A value under an explicit context tag. */
export function explicit(tag: number, value: Uint8Array): Uint8Array {
  return tagged(0xa0 | tag, value);
}

/** ASCII text under an implicit context tag. */
export function contextString(tag: number, text: string): Uint8Array {
  return tagged(0x80 | tag, Buffer.from(text));
}

function tagged(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([tag, ...lengthBytes(content.length)]), content]);
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function base128(arc: number): number[] {
  const digits = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) digits.unshift(0x80 | (rest & 0x7f));
  return digits;
}
