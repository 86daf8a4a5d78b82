import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { describe, expect, test } from 'vitest';

const folder = new URL('.', import.meta.url);
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), 'utf8') }));

/** What a module imports or exports from, dynamic imports too. */
function imports(text: string): string[] {
  const found = text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"]([^'"]+)['"]/g);
  return Array.from(found, ([, from]) => from ?? '');
}

describe('purity', () => {
  test('the scan finds what it looks for', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(
      imports("import x from 'node:fs';\nexport * from \"os\";\nawait import('y'); require('z')"),
    ).toEqual(['node:fs', 'os', 'y', 'z']);
    expect(sources.flatMap(({ text }) => imports(text)).length).toBeGreaterThan(50);
  });

  test.each(sources)('$name imports files of this package only', ({ text }) => {
    for (const from of imports(text)) {
      expect(from).toMatch(/^\.\/[a-z0-9-]+\.ts$/);
      expect(builtinModules).not.toContain(from);
    }
  });

  test.each(sources)('$name uses no global of Node or the browser', ({ text }) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'(?:[^'\\\n]|\\.)*'/gm, '');
    expect(code).not.toMatch(
      /\b(?:Buffer|process|globalThis|setTimeout|console|TextDecoder|TextEncoder)\b/,
    );
  });
});
