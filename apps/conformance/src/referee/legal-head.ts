import type { Limits } from '../craft/hello.ts';
import type { TextField } from './said.ts';
import { Violation } from './violation.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^(?![ \t])[\t\x20-\x7e\x80-\xff]*(?<![ \t])$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
const STATUS = /^[1-5][0-9][0-9]$/;

const MAX_NAME = 256;
const MAX_VALUE = 16_384;
const MAX_PATH = 8_192;
const MAX_TRAILERS = 32;

/** Holds a head to W-061 and W-062. */
export function judgeHead(
  kind: 'request' | 'response' | 'trailers',
  fields: readonly TextField[],
  limits: Limits,
): void {
  const names = fields.map(([name]) => name);
  const pseudos = PSEUDOS[kind](names);
  if (names.slice(pseudos.length).some((name) => name.startsWith(':'))) {
    throw new Violation('W-061', `a colon name stands where none may: ${names.join(', ')}`);
  }
  if (names.slice(0, pseudos.length).join() !== pseudos.join()) {
    throw new Violation('W-061', `a ${kind} starts with ${names.slice(0, 3).join(', ')}`);
  }
  for (const [name, value] of fields) judgeField(name, value);
  const count = fields.length - pseudos.length;
  if (count > limits.fields) {
    throw new Violation('W-063', `a head has ${count} fields, above ${limits.fields}`);
  }
  if (kind === 'trailers' && count > MAX_TRAILERS) {
    throw new Violation('W-063', `${count} trailers came, above ${MAX_TRAILERS}`);
  }
}

/** Holds a head to the size of W-063. */
export function judgeSize(fields: readonly TextField[], limits: Limits): void {
  let size = 0;
  for (const [name, value] of fields) size += name.length + value.length + 32;
  if (size > limits.headBytes) {
    throw new Violation('W-063', `a head has ${size} bytes, above ${limits.headBytes}`);
  }
}

const PSEUDOS = {
  request: () => [':method', ':path'],
  response: (names: readonly string[]) =>
    names[1] === ':reason' ? [':status', ':reason'] : [':status'],
  trailers: () => [],
};

function judgeField(name: string, value: string): void {
  const isLegal = LEGAL.get(name) ?? VALUE;
  if (!isLegal.test(value)) {
    throw new Violation('W-062', `${name} has the value ${JSON.stringify(value.slice(0, 80))}`);
  }
  if (!LEGAL.has(name) && !TOKEN.test(name)) {
    throw new Violation('W-062', `${JSON.stringify(name.slice(0, 80))} is no token`);
  }
  const longest = name === ':path' ? MAX_PATH : MAX_VALUE;
  if (name.length > MAX_NAME || value.length > longest) {
    throw new Violation('W-063', `${name.slice(0, 80)} has a name or value that is too long`);
  }
}

/** What may be the value of the four that are no fields. */
const LEGAL: ReadonlyMap<string, RegExp> = new Map([
  [':method', TOKEN],
  [':path', TARGET],
  [':status', STATUS],
  [':reason', VALUE],
]);
