import { Fields } from '@tp/wire';
import type { ResponseFields } from './types.ts';

let lastFields = Fields.empty;
let lastRaw: readonly Buffer[] = [];

/**
 * The fields as undici shows raw ones: a buffer for each name and each value, in Latin-1. A link hands
 * out the same fields for each head that repeats, and these have the same buffers.
 */
export function rawFields(fields: Fields): Buffer[] {
  if (fields !== lastFields) {
    lastRaw = fields.raw.map(latin1);
    lastFields = fields;
  }
  return lastRaw.slice();
}

/** The fields as undici shows parsed ones. */
export function parsedFields(fields: Fields): ResponseFields {
  const parsed: ResponseFields = {};
  const { raw } = fields;
  for (let i = 0; i < raw.length; i += 2) append(parsed, raw[i] ?? '', raw[i + 1] ?? '');
  return parsed;
}

/** Raw fields as parsed ones. In those of undici 7 a value may be a list. */
export function parsedRaw(raw: readonly (Buffer | readonly Buffer[])[]): ResponseFields {
  const parsed: ResponseFields = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = String(raw[i]);
    for (const value of [raw[i + 1] ?? []].flat()) append(parsed, name, value.toString('latin1'));
  }
  return parsed;
}

/** Parsed fields as raw ones; those of one name stand together. */
export function rawOf(parsed: ResponseFields): Buffer[] {
  return Object.entries(parsed).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [latin1(name), latin1(one)]),
  );
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function append(parsed: ResponseFields, mixedCase: string, value: string): void {
  const name = mixedCase.toLowerCase();
  const before = Object.hasOwn(parsed, name) ? parsed[name] : undefined;
  if (before === undefined) set(parsed, name, value);
  else if (typeof before === 'string') set(parsed, name, [before, value]);
  else before.push(value);
}

/** An assignment to `__proto__` would change the prototype. */
function set(parsed: ResponseFields, name: string, value: string | string[]): void {
  if (name !== '__proto__') parsed[name] = value;
  else {
    const attributes = { enumerable: true, configurable: true, writable: true };
    Object.defineProperty(parsed, name, { value, ...attributes });
  }
}
