import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clientCases } from './client-cases/all.ts';
import { sectionOf, TITLES } from './sections.ts';
import { serverCases } from './server-cases/all.ts';

const document = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
const sections = new Map<string, string>();
let title = '';
for (const line of document.split('\n')) {
  title = /^## (.*)$/.exec(line)?.[1] ?? title;
  const rule = /^- \*\*(W-\d+)\*\*/.exec(line)?.[1];
  if (rule !== undefined) sections.set(rule, title);
}

describe('the cases', () => {
  it('stand under the sections that the document has', () => {
    for (const [rule, section] of sections)
      expect([rule, sectionOf(rule)]).toEqual([rule, section]);
    for (const one of TITLES) expect([...sections.values()]).toContain(one);
  });

  it.each([
    ['server', serverCases],
    ['client', clientCases],
  ] as const)('for a %s name rules of the document, each under a name of its own', (_, cases) => {
    const names = cases.map(({ rule, name }) => `${rule} ${name}`);
    expect(cases.filter(({ rule }) => !sections.has(rule))).toEqual([]);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});
