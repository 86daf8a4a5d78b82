import { TpError } from './errors.ts';
import { isFieldValue, isTarget, isToken } from './legal.ts';
import {
  FIELD_OVERHEAD,
  MAX_NAME,
  MAX_PATH,
  MAX_TRAILERS,
  MAX_VALUE,
  type WireLimits,
} from './limits.ts';

/** Whose head it is; requests and responses have pseudo fields in front. */
export type HeadKind = 'request' | 'response' | 'trailers';

/**
 * Checks a head that is to be sent (W-061 to W-063) and gives its size, as W-063 counts it.
 *
 * @param start the method, or the status as text; empty when it is none.
 * @param second the path or the reason.
 * @throws {TpError} INVALID_ARGUMENT or HEAD_LIMIT, processed "no".
 */
export function checkHead(
  kind: HeadKind,
  start: string,
  second: string,
  raw: readonly string[],
  limits: WireLimits,
): number {
  checkStart(kind, start, second);
  let size = startSize(kind, start, second);
  const count = raw.length / 2;
  if (kind === 'trailers' && count > MAX_TRAILERS) {
    throw tooLarge(`${count} trailers; at most ${MAX_TRAILERS} may be sent`);
  }
  if (count > limits.fields) {
    throw tooLarge(`a head has ${count} fields; the peer accepts ${limits.fields}`);
  }
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (!isToken(name))
      throw invalid(`the field name ${show(name)} is not a token (RFC 9110 section 5.1)`);
    if (name.length > MAX_NAME)
      throw tooLarge(`a field name has ${name.length} bytes; at most ${MAX_NAME}`);
    checkValue(name, value);
    size += name.length + value.length + FIELD_OVERHEAD;
  }
  checkSize(size, limits);
  return size;
}

/** Checks a value that is to be sent under that name. */
export function checkValue(name: string, value: string): void {
  if (name === ':path') {
    checkPath(value);
    return;
  }
  if (!isFieldValue(value)) {
    throw invalid(
      `the value of ${name} has a control character, one above U+00FF, or space at its ends (RFC 9110 section 5.5)`,
    );
  }
  checkLength(name, value);
}

/** Checks the size of a whole head. */
export function checkSize(size: number, limits: WireLimits): void {
  if (size > limits.headBytes) {
    throw tooLarge(
      `a head has ${size} bytes, 32 counted for each field; the peer accepts ${limits.headBytes}`,
    );
  }
}

/** What the pseudo fields of a head count for (W-063). */
export function startSize(kind: HeadKind, start: string, second: string): number {
  if (kind === 'trailers') return 0;
  const sizes = start.length + second.length + FIELD_OVERHEAD;
  if (kind === 'request') return sizes + ':method'.length + ':path'.length + FIELD_OVERHEAD;
  return sizes + ':status'.length + (second === '' ? 0 : ':reason'.length + FIELD_OVERHEAD);
}

function checkStart(kind: HeadKind, start: string, second: string): void {
  if (kind === 'trailers') return;
  if (kind === 'request') {
    if (!isToken(start))
      throw invalid(`the method ${show(start)} is not a token (RFC 9110 section 9.1)`);
    checkLength('a method', start);
    checkPath(second);
    return;
  }
  if (start === '') throw invalid('a status is a whole number from 100 to 599');
  checkValue('a reason', second);
}

function checkPath(path: string): void {
  if (!isTarget(path)) {
    throw invalid(
      `the path ${show(path)} is empty or has a character that must be percent-encoded`,
    );
  }
  if (path.length > MAX_PATH)
    throw tooLarge(`a path has ${path.length} bytes; at most ${MAX_PATH}`);
}

function checkLength(name: string, value: string): void {
  if (value.length > MAX_VALUE) {
    throw tooLarge(`the value of ${name} has ${value.length} bytes; at most ${MAX_VALUE}`);
  }
}

function show(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function invalid(message: string): TpError {
  return new TpError({ code: 'INVALID_ARGUMENT', message, processed: 'no' });
}

function tooLarge(message: string): TpError {
  return new TpError({ code: 'HEAD_LIMIT', message: `${message} (W-063)`, processed: 'no' });
}
