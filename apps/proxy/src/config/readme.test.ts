import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { configFile } from '../test/chain.ts';
import { checkFile } from './command.ts';
import { helpText } from './help.ts';
import { SETTINGS } from './settings.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const MIGRATING = readFileSync(
  new URL('../../../../docs/migrating-from-httptp.md', import.meta.url),
  'utf8',
);

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
});

describe('the way from httptp', () => {
  it('names tests that there are', () => {
    const named = [...MIGRATING.matchAll(/`(src\/[\w/-]+\.test\.ts)`/g)].map(
      ([, path]) => path ?? '',
    );
    expect(named.length).toBeGreaterThan(10);
    for (const path of named) {
      expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true);
    }
  });

  it('names settings that there are', () => {
    const [, table = ''] = /## Each flag's counterpart(.*?)\n## /s.exec(MIGRATING) ?? [];
    const ours = table
      .split('\n')
      .flatMap((row) => [...(row.split('|')[2] ?? '').matchAll(/`([a-z]+(?:-[a-z]+)*)`/g)])
      .map(([, name]) => name ?? '');
    expect(ours.length).toBeGreaterThan(15);
    const known = new Set([...SETTINGS.keys(), 'listeners', 'groups', 'routes', 'tls']);
    expect(ours.filter((name) => !known.has(name))).toEqual([]);
  });

  it('has an example that is right', () => {
    checkFile(configFile(/```yaml\n(.*?)```/s.exec(MIGRATING)?.[1] ?? ''));
  });
});

describe('the pages for operators', () => {
  const DOCS = new URL('../../../../docs/', import.meta.url);
  const pages = ['sizing', 'security', 'migrating-from-httptp', 'guides/README'].map(
    (name) => new URL(`${name}.md`, DOCS),
  );
  const guides = readdirSync(new URL('guides/', DOCS)).map(
    (name) => new URL(`guides/${name}`, DOCS),
  );

  it('lead to files and headings that there are', () => {
    for (const page of new Set([...pages, ...guides].map(String))) {
      const links = readFileSync(new URL(page), 'utf8').matchAll(/\]\(([^):]+)\)/g);
      for (const [, link = ''] of links) {
        const target = new URL(link, page);
        const [file, heading] = [new URL(target.pathname, target), target.hash.slice(1)];
        expect(existsSync(file), `${page} -> ${link}`).toBe(true);
        if (heading === '') continue;
        expect(headingsOf(readFileSync(file, 'utf8')), `${page} -> ${link}`).toContain(heading);
      }
    }
  });
});

/** The anchors that GitHub makes of the headings. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}
