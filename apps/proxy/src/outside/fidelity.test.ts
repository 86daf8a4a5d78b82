import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CurlAnswer, curl, HOP_BY_HOP } from './curl.ts';
import { startNginx } from './nginx.ts';
import { startOrigin } from './origin-process.ts';
import { startPair } from './pair.ts';
import { needs } from './tools.ts';

const need = needs('nginx', 'curl');
const MODIFIED = new Date('2026-11-01T12:00:00Z');
const upload = mkdtempSync(join(tmpdir(), 'tp-upload-'));
const MIB = join(upload, 'mib');
const HOST = ['-H', 'Host: origin.test'];
const CHUNKED = ['-H', 'Transfer-Encoding: chunked'];
const EXPECT = ['-H', 'Expect: 100-continue'];
const NO_EXPECT = ['-H', 'Expect:'];
const FILE = ['--data-binary', `@${MIB}`];

/**
 * Static files by nginx: path and arguments of curl. An empty reason phrase is not among them: README.md
 * names it as what does not stay.
 */
const FILES: readonly [string, string, ...string[]][] = [
  ['GET', '/page.txt'],
  ['GET of an empty file', '/empty.txt'],
  ['GET of 1 MiB', '/mib.bin'],
  ['HEAD', '/page.txt', '-I'],
  ['HEAD of 1 MiB', '/mib.bin', '-I'],
  ['204', '/empty'],
  ['301', '/moved'],
  ['404', '/nowhere'],
  ['304 by If-Modified-Since', '/page.txt', '-H', `If-Modified-Since: ${MODIFIED.toUTCString()}`],
  [
    '200 by If-Modified-Since',
    '/page.txt',
    '-H',
    'If-Modified-Since: Sun, 01 Nov 2020 12:00:00 GMT',
  ],
  ['412 by If-Match', '/page.txt', '-H', 'If-Match: "other"'],
  ['206, the first bytes', '/mib.bin', '-r', '0-99'],
  ['206, the last bytes', '/mib.bin', '-r', '-70000'],
  ['206, two ranges', '/page.txt', '-r', '0-3,8-11'],
  ['416', '/page.txt', '-r', '100000-'],
  ['405 to a POST', '/page.txt', '-d', 'x=1'],
  ['405 to a DELETE', '/page.txt', '-X', 'DELETE'],
  ['chunked and packed by gzip', '/zipped/page.txt', '-H', 'Accept-Encoding: gzip'],
  ['1 MiB chunked and packed by gzip', '/zipped/zeros.bin', '-H', 'Accept-Encoding: gzip'],
  ['HEAD of what would be chunked', '/zipped/page.txt', '-I', '-H', 'Accept-Encoding: gzip'],
  ['Set-Cookie twice with a field between', '/cookies/page.txt'],
];

/** What the origin of Node tells of the request as it came. */
const ECHOES: readonly [string, string, ...string[]][] = [
  ['GET', '/echo?x=%7e&y=//..'],
  ['fields twice, in odd cases, empty', '/echo', '-H', 'X-a: 1', '-H', 'x-A: 2', '-H', 'X-E;'],
  ['cookies', '/echo', '-b', 'a=1; b=2'],
  ['a user and password', '/echo', '-u', 'me:secret'],
  ['POST of a form', '/echo', '-d', 'a=1&b=2'],
  ['PUT of 1 MiB', '/echo', '-X', 'PUT', ...FILE, ...NO_EXPECT],
  ['PUT of 1 MiB in chunks', '/echo', '-X', 'PUT', ...FILE, ...NO_EXPECT, ...CHUNKED],
  ['POST in chunks', '/echo', '-d', 'hello', ...CHUNKED],
  ['POST of nothing', '/echo', '-d', ''],
  ['DELETE', '/echo', '-X', 'DELETE'],
  ['DELETE with a body', '/echo', '-X', 'DELETE', '-d', 'why'],
  ['OPTIONS *', '/echo', '-X', 'OPTIONS'],
  ['a method of its own', '/echo', '-X', 'PROPFIND'],
  ['Expect with 1 MiB', '/echo', '-X', 'POST', ...FILE, ...EXPECT],
  ['Expect with 1 MiB in chunks', '/echo', '-X', 'PUT', ...FILE, ...EXPECT, ...CHUNKED],
];

/** Other answers of that origin. */
const ANSWERS: readonly [string, string, ...string[]][] = [
  ['a chunked response', '/chunked'],
  ['a chunked response to a POST', '/chunked', '-d', 'x'],
  ['HEAD of a chunked response', '/chunked', '-I'],
  ['204', '/none'],
  ['204 to a DELETE', '/none', '-X', 'DELETE'],
  ['404', '/nowhere'],
];

describe.skipIf(need.missing)(need.title('what curl sees with and without the pair'), () => {
  const ends: (() => void | Promise<void>)[] = [];
  const atEnd = (end: () => void | Promise<void>): void => void ends.push(end);
  let files = { direct: '', passed: '' };
  let node = { direct: '', passed: '' };

  beforeAll(async () => {
    const nginx = await startNginx(atEnd);
    const random = randomBytes(1024 * 1024);
    writeFileSync(MIB, random);
    const contents = {
      'page.txt': 'A page with a few words.\n'.repeat(9),
      'empty.txt': '',
      'mib.bin': random,
      'zeros.bin': Buffer.alloc(1024 * 1024),
    };
    for (const [name, content] of Object.entries(contents)) {
      const path = join(nginx.root, name);
      writeFileSync(path, content);
      utimesSync(path, MODIFIED, MODIFIED);
    }
    const origin = await startOrigin(atEnd);
    files = { direct: nginx.address, passed: (await startPair(nginx.address, {}, atEnd)).address };
    node = { direct: origin, passed: (await startPair(origin, {}, atEnd)).address };
  });

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    rmSync(upload, { recursive: true });
  });

  it.each(FILES)('is the same for a file: %s', async (_what, path, ...args) => {
    const direct = await curl(files.direct + path, [...HOST, ...args]);
    expectSame(await curl(files.passed + path, [...HOST, ...args]), direct);
  });

  it('is the same for a file: 304 by If-None-Match', async () => {
    const first = await curl(`${files.direct}/page.txt`, HOST);
    const tag = first.heads[0]?.find((line) => line.startsWith('ETag: '))?.slice(6) ?? '';
    const args = [...HOST, '-H', `If-None-Match: ${tag}`];
    const direct = await curl(`${files.direct}/page.txt`, args);
    expect(direct.heads[0]?.[0]).toBe('HTTP/1.1 304 Not Modified');
    expectSame(await curl(`${files.passed}/page.txt`, args), direct);
  });

  it.each(ANSWERS)('is the same for an answer: %s', async (_what, path, ...args) => {
    const direct = await curl(node.direct + path, [...HOST, ...args]);
    expectSame(await curl(node.passed + path, [...HOST, ...args]), direct);
  });

  it.each(ECHOES)('is the same at the origin: %s', async (_what, path, ...args) => {
    const direct = await curl(node.direct + path, [...HOST, ...args]);
    const passed = await curl(node.passed + path, [...HOST, ...args]);
    expect(echoed(passed)).toEqual(echoed(direct));
    expectSame({ ...passed, raw: '', body: '' }, { ...direct, raw: '', body: '' });
  });
});

function expectSame(passed: CurlAnswer, direct: CurlAnswer): void {
  expect(passed.heads.map(comparable)).toEqual(direct.heads.map(comparable));
  expect(unbounded(passed.body) === unbounded(direct.body)).toBe(true);
  expect(passed.hopByHop.includes('transfer-encoding')).toBe(
    direct.hopByHop.includes('transfer-encoding'),
  );
}

/** A head without what differs from one request to the next: the time, and nginx's boundaries. */
function comparable(lines: readonly string[]): string[] {
  return lines.map((line) => unbounded(line.replace(/^(Date): .+ GMT$/i, '$1: now')));
}

function unbounded(text: string): string {
  return text.replace(/(boundary=|--)\d{20}/g, '$1N');
}

/** The request as it came to the origin, less what holds for one connection. */
function echoed(answer: CurlAnswer): object {
  const seen: { rawHeaders: string[] } = JSON.parse(answer.body);
  const kept: string[] = [];
  let isChunked = false;
  for (let i = 0; i < seen.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = seen.rawHeaders.slice(i, i + 2);
    isChunked ||= name.toLowerCase() === 'transfer-encoding';
    if (HOP_BY_HOP[name.toLowerCase()] === undefined) kept.push(name, value);
  }
  return { ...seen, rawHeaders: kept, isChunked };
}
