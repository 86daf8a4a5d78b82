import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { configFile } from '../test/chain.ts';
import { checkFile } from './command.ts';
import { helpText } from './help.ts';
import { SETTINGS } from './settings.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('names each flag, as --help does', () => {
    for (const name of SETTINGS.keys()) {
      expect(README).toContain(`\`--${name}`);
      expect(helpText()).toContain(`--${name}`);
    }
  });

  it('has an example that is right', () => {
    const example = /```yaml\n(.*?)```/s.exec(README)?.[1] ?? '';
    const path = configFile(example);
    for (const [file] of example.matchAll(/[\w-]+\.(?:pem|key)\b/g)) {
      writeFileSync(join(dirname(path), file), file.endsWith('key') ? KEY : CERTIFICATE);
    }
    checkFile(path);
  });

  it('names tests that there are', () => {
    const named = [...README.matchAll(/`(src\/[\w/-]+\.test\.ts)`/g)].map(([, path]) => path ?? '');
    expect(named.length).toBeGreaterThan(10);
    for (const path of named) {
      expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true);
    }
  });
});
