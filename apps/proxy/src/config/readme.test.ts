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

const BENCH = readFileSync(new URL('../../../bench/README.md', import.meta.url), 'utf8');

/** All that it had. */
const FLAGS_OF_HTTPTP = (
  '-in -inType -inDelay -inCompress -inGetOnly -inMaxHeaderSize -inMaxBodySize -inAllowIP -inTLSCert ' +
  '-inTLSKey -inTLSSessionTicketKey -autocertCacheDir -autocertHostRegexp -reusePort -out -outType ' +
  '-outDelay -outCompress -outMaxHeaderSize -outTimeout -outConnsPerAddr -concurrency ' +
  '-clientIPHeader -logAllErrors -expvarAddr'
).split(' ');

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
  it('names tests that there are, one or more for each row', () => {
    const rows = [...MIGRATING.matchAll(/\| shown by \|\n\|[ |-]+\n((?:\|.*\n)+)/g)].flatMap(
      ([, table = '']) => table.trim().split('\n'),
    );
    expect(rows.length).toBeGreaterThan(40);
    for (const row of rows) {
      const shownBy = row.split('|').at(-2) ?? '';
      const paths = [...shownBy.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, path = '']) => path);
      const suites = [...shownBy.matchAll(/`npm run bench -- (\w+)`/g)].map(
        ([, name = '']) => name,
      );
      expect(paths.length + suites.length, row).toBeGreaterThan(0);
      for (const path of paths) {
        const from = path.startsWith('src/') ? '../../' : '../../../../';
        expect(existsSync(new URL(`${from}${path}`, import.meta.url)), path).toBe(true);
      }
      for (const name of suites) expect(BENCH).toContain(`bench -- ${name}`);
    }
  });

  it('has a row for each flag of httptp', () => {
    const named = MIGRATING.split('\n').flatMap((row) => [
      ...(row.split('|')[1] ?? '').matchAll(/`(-\w+)`/g),
    ]);
    expect(new Set(named.map(([, flag]) => flag))).toEqual(new Set(FLAGS_OF_HTTPTP));
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
