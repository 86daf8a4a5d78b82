/**
 * Bytes from hex. Each line may end in a comment behind `//`; what stands in single quotes is text.
 *
 * @example hex(`0a 03 // a record\n 22 'a'`)
 */
export function hex(source: string): Uint8Array {
  const bytes: number[] = [];
  for (const line of source.split('\n')) {
    const code = line.replace(/\/\/.*$/, '');
    for (const [, text, byte, other] of code.matchAll(/'([^']*)'|\b([0-9a-f]{2})\b|(\S)/g)) {
      if (text !== undefined) bytes.push(...Buffer.from(text, 'latin1'));
      else if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
      else throw new Error(`hex has ${other} in ${line}`);
    }
  }
  return Uint8Array.from(bytes);
}

/** Bytes one behind the other. */
export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}

/** A varint in the shortest form, or of `width` bytes. */
export function varint(value: number, width = 0): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f || bytes.length + 1 < width) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A field of bytes: tag, length, content. */
export function field(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const whole = concat(...content);
  return concat(varint(tag), varint(whole.length), whole);
}
