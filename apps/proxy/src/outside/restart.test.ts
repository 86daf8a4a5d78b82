import { describe, expect, it } from 'vitest';
import { type Outcome, startLoad } from './load.ts';
import { startOrigin } from './origin-process.ts';
import { startFar, startPair } from './pair.ts';
import { needs } from './tools.ts';

const need = needs();

describe.skipIf(need.missing)(need.title('a pair under load'), { timeout: 60_000 }, () => {
  it('answers every request while its far proxy is killed and started again', async () => {
    const origin = await startOrigin();
    const { address, far } = await startPair(origin);
    const load = startLoad(address, 32, 'kill');
    await load.more(500);
    for (let round = 0, running = far; round < 3; round++) {
      running.process.kill('SIGKILL');
      await running.exited;
      await load.more(100);
      running = await startFar(far.address, origin);
      await served(address);
      await load.more(500);
    }
    const outcomes = await load.stop();
    expect(outcomes.filter((outcome) => !isAnswer(outcome))).toEqual([]);
    expect(outcomes.slice(-32).every((outcome) => outcome.isRight)).toBe(true);
  });

  it('loses nothing when its far proxy is told to stop, and serves again when it is back', async () => {
    const origin = await startOrigin();
    const { address, far } = await startPair(origin);
    const load = startLoad(address, 32, 'far');
    await load.more(500);
    far.process.kill('SIGTERM');
    expect(await far.exited).toBe(0);
    await load.more(100);
    await startFar(far.address, origin);
    await served(address);
    await load.more(500);
    const outcomes = await load.stop();
    const unserved = outcomes.filter((outcome) => !outcome.isRight);
    expect(unserved.filter((outcome) => outcome.status !== 503)).toEqual([]);
    await expectNoneLost(origin, outcomes);
  });

  it('loses nothing when its near proxy is told to stop', async () => {
    const origin = await startOrigin();
    const { address, near } = await startPair(origin);
    const load = startLoad(address, 32, 'near');
    await load.more(500);
    near.process.kill('SIGTERM');
    expect(await near.exited).toBe(0);
    const outcomes = await load.stop();
    const unserved = outcomes.filter((outcome) => !outcome.isRight);
    // Nobody listens any more; or a connection was reset before any byte of an answer: an idle one that
    // was to be used again, which HTTP/1.1 clients try anew (RFC 9112 section 9.6), or a new one that
    // still waited to be accepted, as the system does when a listening socket closes. No request of
    // these was seen by anybody, which is asked below.
    const isRefused = ({ error }: Outcome): boolean =>
      error === 'ECONNREFUSED' || error === 'ECONNRESET' || error === 'EPIPE';
    expect(
      unserved.filter((outcome) => outcome.status !== undefined || !isRefused(outcome)),
    ).toEqual([]);
    expect(outcomes.length).toBeGreaterThanOrEqual(500);
    await expectNoneLost(origin, outcomes);
  });
});

/** A whole answer, or a status that says that there is none. */
function isAnswer({ status, isRight }: Outcome): boolean {
  return isRight || status === 502 || status === 503 || status === 504;
}

/** What arrived at the origin arrived once, and its answer reached the client. */
async function expectNoneLost(origin: string, outcomes: readonly Outcome[]): Promise<void> {
  const seen: string[] = JSON.parse(await (await fetch(`${origin}/seen`)).text());
  const answered = new Set(outcomes.filter(({ isRight }) => isRight).map(({ id }) => id));
  expect(seen.filter((id) => !answered.has(id))).toEqual([]);
  expect(seen.length).toBe(answered.size);
}

/** Resolves when a request is served. */
async function served(address: string): Promise<void> {
  while ((await fetch(`${address}/held`)).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
