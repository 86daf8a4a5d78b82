import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProxyProcess } from '../test/proxy-process.ts';
import { curlBytes } from './curl.ts';
import { type FrontPair, startFrontPair } from './front-pair.ts';
import { startNginx } from './nginx.ts';
import { startOrigin } from './origin-process.ts';
import { statsOf } from './pair.ts';
import { findProgram, needs } from './tools.ts';

const REQUESTS = 1_000;
const PAGE = 'A page with a few words.\n'.repeat(200);

const need = needs('nginx');

describe.skipIf(need.missing)(need.title('through the pair'), () => {
  const ends: (() => void | Promise<void>)[] = [];
  let pages: FrontPair;
  let echoes: FrontPair;
  let upload = '';

  beforeAll(async () => {
    const atEnd = (end: () => void | Promise<void>): void => void ends.push(end);
    const nginx = await startNginx(atEnd);
    writeFileSync(join(nginx.root, 'page.txt'), PAGE);
    upload = join(nginx.root, 'upload');
    writeFileSync(upload, 'x'.repeat(100_000));
    pages = await startFrontPair(nginx.address, '', atEnd);
    echoes = await startFrontPair(await startOrigin(atEnd), '', atEnd);
  });

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** Resolves with what a program printed; both proxies have answered so many requests well, no other. */
  async function expectServed(
    { near, far }: FrontPair,
    count: number,
    program: string,
    args: readonly string[],
  ): Promise<string> {
    const before = await Promise.all([near, far].map(outcomesOf));
    const { stdout } = await promisify(execFile)(program, [...args]);
    for (const [i, proxy] of [near, far].entries()) {
      const { '2xx': good = 0, ...other } = await outcomesOf(proxy);
      const { '2xx': had = 0, ...others } = before[i] ?? {};
      expect([good - had, other]).toEqual([count, others]);
    }
    return stdout;
  }

  const h2load = findProgram('h2load');
  describe.skipIf(h2load === undefined)(`h2load${h2load ? '' : ' (skipped: no h2load)'}`, () => {
    it.each([
      ['HTTP/1.1', 'http', ['--h1', '-m', '1']],
      ['HTTP/1.1 over TLS', 'https', ['--h1', '-m', '1']],
      ['HTTP/2 by prior knowledge', 'http', ['-m', '32']],
      ['HTTP/2 over TLS', 'https', ['-m', '32']],
    ] as const)('has every request answered: %s', async (_what, scheme, flags) => {
      const report = await expectServed(pages, REQUESTS, 'h2load', [
        ...['-n', `${REQUESTS}`, '-c', '16', ...flags, `${pages[scheme]}/page.txt`],
      ]);
      expect(report).toContain(
        `requests: ${REQUESTS} total, ${REQUESTS} started, ${REQUESTS} done, ${REQUESTS} succeeded, 0 failed, 0 errored, 0 timeout`,
      );
      expect(report).toContain(`status codes: ${REQUESTS} 2xx, 0 3xx, 0 4xx, 0 5xx`);
      expect(report).toContain(`(${REQUESTS * PAGE.length}) data`);
    });

    it('has the bodies of all requests arrive over HTTP/2', async () => {
      const args = ['-n', '200', '-c', '4', '-m', '8', '-d', upload, `${echoes.https}/echo`];
      const report = await expectServed(echoes, 200, 'h2load', args);
      expect(report).toContain('status codes: 200 2xx, 0 3xx, 0 4xx, 0 5xx');
    });
  });

  const hey = findProgram('hey');
  describe.skipIf(hey === undefined)(`hey${hey ? '' : ' (skipped: no hey)'}`, () => {
    it.each([
      ['HTTP/1.1', 'http', []],
      ['HTTP/1.1, a connection for each', 'http', ['-disable-keepalive']],
      ['HTTP/2 over TLS', 'https', ['-h2']],
    ] as const)('has every request answered: %s', async (_what, scheme, flags) => {
      const args = ['-n', `${REQUESTS}`, '-c', '20', ...flags, `${pages[scheme]}/page.txt`];
      const report = await expectServed(pages, REQUESTS, 'hey', args);
      expect(report).toMatch(new RegExp(`\\[200\\]\\t${REQUESTS} responses\\n`));
      expect(report).toContain(`Total data:\t${REQUESTS * PAGE.length} bytes`);
      expect(report).not.toContain('Error distribution');
    });
  });

  const curl = findProgram('curl');
  describe.skipIf(curl === undefined)(`curl${curl ? '' : ' (skipped: no curl)'}`, () => {
    it.each([
      ['1.1', 'http', '--http1.1'],
      ['1.1', 'https', '--http1.1'],
      ['2', 'http', '--http2-prior-knowledge'],
      ['2', 'https', '--http2'],
      // It asks to switch to h2c, which is no answer to be had.
      ['1.1', 'http', '--http2'],
    ] as const)('gets what is there in HTTP/%s over %s with %s', async (version, scheme, flag) => {
      const said = '\n%{http_version} %{response_code} %{size_download}';
      const ask = (path: string, ...more: string[]): Promise<string> =>
        curlBytes(['-k', flag, '-w', said, ...more, pages[scheme] + path]);
      expect(await ask('/page.txt')).toBe(`${PAGE}\n${version} 200 ${PAGE.length}`);
      expect(await ask('/page.txt', '-r', '2-5')).toBe(`page\n${version} 206 4`);
      expect(await ask('/nowhere')).toMatch(new RegExp(`\\n${version} 404 \\d+$`));
      expect(await ask('/empty', '-d', 'x')).toBe(`\n${version} 204 0`);
    });
  });
});

async function outcomesOf(proxy: ProxyProcess): Promise<Readonly<Record<string, number>>> {
  return (await statsOf(proxy)).requests.byOutcome;
}
