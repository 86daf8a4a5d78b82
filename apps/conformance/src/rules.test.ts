import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { clientCases } from './client-cases/all.ts';
import { serverCases } from './server-cases/all.ts';
import { UNTESTED_RULES } from './untested-rules.ts';

const root = new URL('../../../', import.meta.url);
const vectors = new URL('packages/wire/vectors/', root);

/** The rules that the document has. */
const rules = Array.from(
  readFileSync(new URL('docs/protocol.md', root), 'utf8').matchAll(/^- \*\*(W-\d+)\*\*/gm),
  (match) => match[1] ?? '',
);

/** The rules that a case or a vector names. */
const shown = new Set([...serverCases, ...clientCases].map(({ rule }) => rule));
for (const file of readdirSync(vectors).filter((name) => name.endsWith('.json'))) {
  const text = readFileSync(new URL(file, vectors), 'utf8');
  for (const [list] of text.matchAll(/"rules": \[[^\]]*\]/g)) {
    for (const [rule] of list.matchAll(/W-\d+/g)) shown.add(rule);
  }
}

it('every rule of the document is shown by a case or a vector, or listed as untested', () => {
  expect(rules.length).toBeGreaterThan(100);
  expect(rules.filter((rule) => !shown.has(rule) && !UNTESTED_RULES.has(rule))).toEqual([]);
});

it('nothing is listed as untested that is shown, or that the document does not have', () => {
  for (const rule of UNTESTED_RULES.keys()) {
    expect(rules).toContain(rule);
    expect(shown.has(rule), rule).toBe(false);
  }
});
