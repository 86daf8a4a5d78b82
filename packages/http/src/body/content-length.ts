import type { Fields } from '@tp/wire';

/** No `content-length` stands in the head. */
export const NO_LENGTH = -1;
/** A `content-length` stands there that is no whole number, or several that differ. */
export const BAD_LENGTH = -2;

const NAME = 'content-length';
/** Fifteen digits are always an exact number, and more than any body has. */
const MAX_DIGITS = 15;

/**
 * What a head says of its body's length, in bytes (RFC 9110 section 8.6), or `NO_LENGTH` or
 * `BAD_LENGTH`. Equal repeated fields count as one; a list in one value is bad.
 */
export function declaredLength(fields: Fields): number {
  const raw = fields.raw;
  let length = NO_LENGTH;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i];
    if (name === undefined || name.length !== NAME.length) continue;
    if (name !== NAME && name.toLowerCase() !== NAME) continue;
    const found = parseLength(raw[i + 1] ?? '');
    if (found < 0 || (length !== NO_LENGTH && length !== found)) return BAD_LENGTH;
    length = found;
  }
  return length;
}

/**
 * `declaredLength` with a memory of one head: a link hands out the same `Fields` for each head that
 * repeats, and a program that cares for speed sends the same ones.
 */
export class LengthMemory {
  #fields: Fields | undefined = undefined;
  #length = NO_LENGTH;

  of(fields: Fields): number {
    if (fields === this.#fields) return this.#length;
    this.#fields = fields;
    this.#length = declaredLength(fields);
    return this.#length;
  }
}

/** Says what is wrong with a body of `found` bytes (or more, when it has not ended) under such a head. */
export function lengthFlaw(declared: number, found: number, ended = true): string {
  return declared === BAD_LENGTH
    ? 'content-length is not one whole number (RFC 9110 section 8.6)'
    : `content-length is ${declared}, but the body has ${found} bytes${ended ? '' : ' or more'} (RFC 9110 section 8.6)`;
}

function parseLength(text: string): number {
  if (text.length === 0 || text.length > MAX_DIGITS) return BAD_LENGTH;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return BAD_LENGTH;
    length = length * 10 + digit;
  }
  return length;
}
