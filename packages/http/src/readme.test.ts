import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const folder = new URL('..', import.meta.url);
const text = readFileSync(new URL('README.md', folder), 'utf8');

/** Each example is a program. Lines that start with `//> ` say what it prints. */
const examples = Array.from(text.matchAll(/^## (.+)$|^```js\n([\s\S]*?)^```$/gm))
  .reduce<{ title: string; code: string }[]>((found, [, heading, code]) => {
    if (heading !== undefined) found.push({ title: heading, code: '' });
    const last = found.at(-1);
    if (code !== undefined && last !== undefined) last.code += code;
    return found;
  }, [])
  .filter(({ code }) => code !== '');

test('the README has its examples', () => {
  expect(examples).toHaveLength(13);
});

test.each(examples)('$title: the example prints what it says', async ({ code }) => {
  const expected = Array.from(code.matchAll(/^\/\/> (.*)$/gm), ([, line]) => line);
  expect(expected.length).toBeGreaterThan(0);
  const { stdout } = await run(
    process.execPath,
    [
      '--conditions=source',
      '--experimental-strip-types',
      '--no-warnings',
      '--input-type=module',
      '-e',
      code,
    ],
    { cwd: folder },
  );
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd()),
  ).toEqual(expected);
});
