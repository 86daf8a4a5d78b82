import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DEFAULT_LINK_LIMITS } from './limits.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(
  ([, code = ''], index) => [index + 1, code] as const,
);

describe('README.md', () => {
  test.each(examples)('example %i runs and prints what it says', async (number, code) => {
    const says = [...code.matchAll(/\/\/ ((?!\/).*)$/gm)].map(([, said]) => said);
    expect(says.length).toBeGreaterThan(0);
    const file = fileURLToPath(new URL(`./test/readme-example-${number}.ts`, import.meta.url));
    writeFileSync(file, code.replace("'@tp/transport'", "'../index.ts'"));
    onTestFinished(() => rmSync(file));
    const printed: unknown[] = [];
    const { log } = console;
    console.log = (...all) => printed.push(all.join(' '));
    try {
      await import(file);
    } finally {
      console.log = log;
    }
    expect(printed.toSorted()).toEqual(says.toSorted());
  });

  test('its table has each limit with its default', () => {
    const rows = [...readme.matchAll(/^\| `(\w+)` +\| ([\d,]+)(?: (ms|KiB|MiB|GiB))? +\|/gm)];
    const units: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
    const table = Object.fromEntries(
      rows.map(([, name, amount = '', unit = '']) => [
        name,
        Number(amount.replaceAll(',', '')) * (units[unit] ?? 1),
      ]),
    );
    // That of maxLinks is the system's.
    const { maxLinks, ...limits } = DEFAULT_LINK_LIMITS;
    expect(table).toEqual(limits);
    expect(readme).toContain('| `maxLinks`');
  });
});
