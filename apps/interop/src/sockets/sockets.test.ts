import { beforeAll, describe, expect, test } from 'vitest';
import { Echo, refusal, type Seen, Talk } from './program.ts';
import { direct, overAListener, throughAPair, type Way } from './ways.ts';

const SOCKETS = 1_000;
/** So many are opened together: a server sheds what has waited for its handler for too long. */
const AT_ONCE = 50;
const TIMEOUT = { timeout: 120_000 };

const WAYS: readonly [what: string, make: (echo: Echo) => Promise<Way>][] = [
  ['through a pair of proxies', throughAPair],
  ['to a listener over tp', overAListener],
];

/** Opens all sockets, has them all talk at once, and ends them all. */
async function observe(make: (echo: Echo) => Promise<Way>): Promise<[Seen[], string]> {
  const echo = new Echo();
  await using way = await make(echo);
  const talks: Talk[] = [];
  while (talks.length < SOCKETS) {
    const some = Array.from({ length: AT_ONCE }, (_, i) => new Talk(way.address, talks.length + i));
    talks.push(...some);
    await Promise.all(some.map((talk) => talk.open()));
  }
  expect(echo.sockets.clients.size).toBe(SOCKETS);
  await Promise.all(talks.map((talk) => talk.exchange()));
  const seen = talks.map(async (talk) => {
    const client = await talk.end();
    return { client, server: await echo.seen(talk.path) };
  });
  return [await Promise.all(seen), await refusal(way.address)];
}

describe('1,000 WebSockets', () => {
  let expected: Seen[] = [];
  let expectedRefusal = '';

  beforeAll(async () => {
    [expected, expectedRefusal] = await observe(direct);
  }, TIMEOUT.timeout);

  test('are what they are meant to be over a direct connection', () => {
    const words = expected.flatMap(({ client, server }) => [...client, ...server]);
    expect(words.filter((word) => word.startsWith('CHANGED'))).toEqual([]);
    const count = (part: string) => words.filter((word) => word.includes(part)).length;
    expect(count('same 1048576 ')).toBe(10);
    expect(count('same ')).toBe(4 * SOCKETS + 4 * 40 + 10);
    expect(count('open echo ')).toBe(250);
    expect(count('permessage-deflate')).toBeGreaterThan(200);
    for (const code of [1000, 1001, 1002, 1005, 1006, 3000, 4321]) {
      expect(count(`closed ${code} `)).toBeGreaterThan(100);
    }
    expect(expectedRefusal).toMatch(/^401 Unauthorized /);
  });

  test.each(WAYS)(
    '%s look to both peers as over a direct connection',
    TIMEOUT,
    async (_what, make) => {
      const [seen, refused] = await observe(make);
      for (const [turn, one] of seen.entries())
        expect(one, `socket ${turn}`).toEqual(expected[turn]);
      expect(seen).toHaveLength(SOCKETS);
      expect(refused).toBe(expectedRefusal);
    },
  );
});
