import { isFieldValue, isToken, TpError } from '@tp/wire';
import { malformed } from './malformed.ts';

/**
 * Parses field lines (RFC 9112 section 5) into a flat list of names and values, in order, case of
 * names kept. Strict: no folded lines, no blank before the colon, no bare CR or LF.
 *
 * @param text lines that end in CRLF, the last one with or without it.
 * @throws {TpError} `UPSTREAM` when a line is malformed.
 */
export function parseFieldLines(text: string, start = 0): string[] {
  const raw: string[] = [];
  let at = start;
  while (at < text.length) {
    const found = text.indexOf('\r\n', at);
    const end = found < 0 ? text.length : found;
    const colon = text.indexOf(':', at);
    const name = colon < 0 || colon > end ? '' : text.slice(at, colon);
    if (!isToken(name)) throw malformed('a field line has no valid name before a colon');
    const value = trimmed(text, colon + 1, end);
    if (!isFieldValue(value)) throw malformed(`the value of ${name} has a control character`);
    raw.push(name, value);
    at = end + 2;
  }
  return raw;
}

/**
 * Writes field lines, each with its CRLF.
 *
 * @throws {TpError} `PROTOCOL` when a name or value must not stand in a head: nothing that would
 *   end a line early is ever written.
 */
export function formatFieldLines(raw: readonly string[]): string {
  let text = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (!isToken(name) || !isFieldValue(value)) {
      throw new TpError({
        code: 'PROTOCOL',
        processed: 'no',
        message: `a header field is not legal in HTTP: ${JSON.stringify(name.slice(0, 64))}`,
      });
    }
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

/** A part of a text without the spaces and tabs at its ends. */
export function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
