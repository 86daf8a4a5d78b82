import type { LeftOut, Target } from '@tp/savings';
import { isFieldValue, isTarget, isToken } from '@tp/wire';
import type { JsonField } from './json-field.ts';

/** Browsers write the repetitions of a field as one value, a line for each. */
const REPEATED = '\n';

/** @throws {TrafficFileError} when it is neither a URL nor a path. */
export function readTarget(field: JsonField): Target | LeftOut {
  const expected = 'a URL such as "https://api.example/items?page=2"';
  const text = field.text(expected);
  if (text.startsWith('/') && isTarget(text)) return { host: undefined, path: text };
  if (!URL.canParse(text)) return field.fail(expected);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { leftOut: `not HTTP (${url.protocol})` };
  }
  return { host: url.host, path: `${url.pathname}${url.search}` };
}

/** @throws {TrafficFileError} when it is no method. */
export function readMethod(field: JsonField): string {
  const expected = 'a method such as "GET"';
  const method = field.text(expected);
  return isToken(method) ? method : field.fail(expected);
}

/** @throws {TrafficFileError} when name or value cannot stand in a head. Fields of HTTP/2 itself (`:path`) are dropped. */
export function readHeader(name: JsonField, value: JsonField): string[] {
  const expected = 'the name of a header field';
  const written = name.text(expected);
  if (written.startsWith(':')) return [];
  if (!isToken(written)) return name.fail(expected);
  return headerOf(written, value);
}

/** As `readHeader`, where the name is the key of an object. */
export function headerOf(name: string, value: JsonField): string[] {
  if (name.startsWith(':')) return [];
  const expected = `the value of the header field ${JSON.stringify(name)} as text`;
  return value
    .text(expected)
    .split(REPEATED)
    .flatMap((line) => {
      const bytes = /[^\0-\xff]/.test(line) ? Buffer.from(line).toString('latin1') : line;
      const trimmed = bytes.trim();
      return isFieldValue(trimmed) ? [name, trimmed] : value.fail(expected);
    });
}
