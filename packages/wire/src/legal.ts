/*
 * Which bytes may stand where in a head (W-062; RFC 9110 sections 5.1, 5.5 and 5.6.2). The same
 * rules hold for what arrives and for what is sent, so both sides call these.
 */
const TOKEN = 1;
const VALUE = 2;
const TARGET = 4;

const KIND = classify();

/** Whether text is a token: a method or the name of a field. */
export function isToken(text: string): boolean {
  return text.length > 0 && allOf(text, TOKEN);
}

/** Whether text may be the value of a field, or a reason phrase. Empty is allowed. */
export function isFieldValue(text: string): boolean {
  const length = text.length;
  if (length === 0) return true;
  return (
    !isBlank(text.charCodeAt(0)) && !isBlank(text.charCodeAt(length - 1)) && allOf(text, VALUE)
  );
}

/** Whether text may be a request target. */
export function isTarget(text: string): boolean {
  return text.length > 0 && allOf(text, TARGET);
}

/** The number of a status of three digits, 100 to 599; 0 for anything else. */
export function parseStatus(text: string): number {
  if (text.length !== 3) return 0;
  let status = 0;
  for (let i = 0; i < 3; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    status = status * 10 + digit;
  }
  return status >= 100 && status <= 599 ? status : 0;
}

function allOf(text: string, kind: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || ((KIND[code] ?? 0) & kind) === 0) return false;
  }
  return true;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function classify(): Uint8Array {
  const kinds = new Uint8Array(256);
  for (let code = 0; code < 256; code++) {
    let kind = 0;
    if ((code >= 0x20 && code !== 0x7f) || code === 0x09) kind |= VALUE;
    if (code >= 0x21 && code !== 0x7f) kind |= TARGET;
    if (isTokenCode(code)) kind |= TOKEN;
    kinds[code] = kind;
  }
  return kinds;
}

function isTokenCode(code: number): boolean {
  const isDigit = code >= 0x30 && code <= 0x39;
  const isLetter = (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
  return (
    isDigit || isLetter || (code < 0x80 && "!#$%&'*+-.^_`|~".includes(String.fromCharCode(code)))
  );
}
