import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startLoad } from './load.ts';
import { startNginx } from './nginx.ts';
import { startOrigin } from './origin-process.ts';
import { startPair, statsOf } from './pair.ts';
import { needs } from './tools.ts';

const built = needs();
const withWrk = needs('nginx', 'wrk');

describe.skipIf(built.missing)(built.title('a slow answer'), { timeout: 60_000 }, () => {
  it('delays none of 1,000 quick ones that follow it on its link', async () => {
    const origin = await startOrigin();
    const { address, near } = await startPair(origin, { near: ['--links', '1'] });
    const events: string[] = [];
    const slow = fetch(`${address}/hold`).then(async (response) => {
      const text = await response.text();
      events.push('slow');
      return text;
    });
    // The quick ones are sent once the slow one is at the origin, which holds it until all are answered.
    while ((await (await fetch(`${origin}/held`)).text()) !== '1');
    const quick = startLoad(address, 32, 'quick');
    await quick.more(1_000);
    const outcomes = await quick.stop();
    events.push('quick');
    expect((await statsOf(near)).links).toHaveLength(1);
    await fetch(`${origin}/release`);
    expect(await slow).toBe('released');
    expect(events).toEqual(['quick', 'slow']);
    expect(outcomes.length).toBeGreaterThanOrEqual(1_000);
    expect(outcomes.filter((outcome) => !outcome.isRight)).toEqual([]);
  });
});

describe.skipIf(withWrk.missing)(
  withWrk.title('wrk with 64 connections'),
  { timeout: 60_000 },
  () => {
    it('meets no socket error and nothing but 200', async () => {
      const nginx = await startNginx();
      writeFileSync(join(nginx.root, 'page.txt'), 'A page with a few words.\n'.repeat(40));
      const { address, near } = await startPair(nginx.address);
      const report = await wrk(['-t1', '-c64', '-d3s', `${address}/page.txt`]);
      const complete = Number(/(\d+) requests in/.exec(report)?.[1]);
      expect(complete).toBeGreaterThan(0);
      expect(report).not.toMatch(/Socket errors|Non-2xx/);
      // wrk leaves in the middle of its last requests, which are cancelled.
      const {
        '2xx': good = 0,
        CANCEL: cut = 0,
        ...other
      } = (await statsOf(near)).requests.byOutcome;
      expect(other).toEqual({});
      expect(good).toBeGreaterThanOrEqual(complete);
      expect(cut).toBeLessThanOrEqual(64);
      expect(await status(`${address}/page.txt`)).toBe(200);
    });
  },
);

async function wrk(args: readonly string[]): Promise<string> {
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const report = (await child.stdout.toArray()).join('');
  expect(await exited).toEqual([0, null]);
  return report;
}

async function status(url: string): Promise<number> {
  const [response] = await once(http.get(url, { agent: false }), 'response');
  response.resume();
  return response.statusCode;
}
