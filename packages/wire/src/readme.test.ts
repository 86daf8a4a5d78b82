import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';

test('the first example of the README runs and prints what it says', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const printed = /It prints `(.*)`/.exec(readme)?.[1];
  const file = new URL(`./test/readme-${process.pid}.ts`, import.meta.url);
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  writeFileSync(file, `${example}\nexport {};\n`);
  try {
    await import(file.href);
    expect(log.mock.calls).toEqual([[printed]]);
  } finally {
    rmSync(file);
    log.mockRestore();
  }
});
