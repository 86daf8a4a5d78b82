/*
 * UTF-8 for the few texts that are not bytes (W-006): messages and the agent. Portable, as the rest
 * of this package; such texts are short and rare.
 */
const REPLACEMENT = 0xfffd;

/** Text to UTF-8, cut between characters at `most` bytes. Halves of surrogate pairs become U+FFFD. */
export function toUtf8(text: string, most: number): Uint8Array {
  const ascii = new Uint8Array(Math.min(text.length, most));
  for (let i = 0; i < ascii.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return anyToUtf8(text, most);
    ascii[i] = code;
  }
  return ascii;
}

function anyToUtf8(text: string, most: number): Uint8Array {
  const bytes: number[] = [];
  for (const char of text) {
    const found = char.codePointAt(0) ?? 0;
    const code = found >= 0xd800 && found <= 0xdfff ? REPLACEMENT : found;
    const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes.length + length > most) break;
    if (length === 1) {
      bytes.push(code);
      continue;
    }
    bytes.push(((0xf00 >> length) & 0xff) | (code >> (6 * (length - 1))));
    for (let shift = 6 * (length - 2); shift >= 0; shift -= 6) {
      bytes.push(0x80 | ((code >> shift) & 0x3f));
    }
  }
  return Uint8Array.from(bytes);
}

/** UTF-8 to text. What is not UTF-8 becomes U+FFFD, as in the Encoding standard (section 8.1.1). */
export function fromUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let code = 0;
  let missing = 0;
  let least = 0x80;
  let most = 0xbf;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (missing > 0 && byte >= least && byte <= most) {
      code = (code << 6) | (byte & 0x3f);
      least = 0x80;
      most = 0xbf;
      if (--missing === 0) text += String.fromCodePoint(code);
      continue;
    }
    if (missing > 0) text += '\ufffd';
    missing = byte < 0xc2 || byte > 0xf4 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    code = byte & (0x3f >> missing);
    least = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
    most = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
    if (byte < 0x80) text += String.fromCharCode(byte);
    else if (missing === 0) text += '\ufffd';
  }
  return missing > 0 ? `${text}\ufffd` : text;
}
