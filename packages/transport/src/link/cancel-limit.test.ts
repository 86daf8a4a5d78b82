import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LINK_LIMITS } from '../limits.ts';
import type { TransportServer } from '../server.ts';
import { get, OK, serve } from '../test/ends.ts';
import { FakeClock } from '../test/fake-clock.ts';
import { memoryPair } from '../test/memory-connection.ts';
import { type ScriptedPeer, speakOn } from '../test/scripted-peer.ts';
import { CancelAllowance } from './cancel-allowance.ts';
import { CancelLimit } from './cancel-limit.ts';

/** A dialer that asks and cancels as it is told. */
class Canceller {
  readonly clock: FakeClock;
  readonly server: TransportServer;
  readonly #peer: ScriptedPeer<Duplex>;
  #lastId = 0;

  constructor(clock: FakeClock, server: TransportServer, peer: ScriptedPeer<Duplex>) {
    this.clock = clock;
    this.server = server;
    this.#peer = peer;
  }

  /** So many requests, all of which are answered. */
  async complete(times: number): Promise<void> {
    this.#ask('/', times);
    await this.#ponged();
  }

  /** So many requests, each of which is cancelled at once. */
  async askAndCancel(times: number): Promise<boolean> {
    const from = this.#lastId;
    this.#ask('/never', times);
    this.#peer.say((encoder) => {
      for (let id = from + 1; id <= from + times; id++) encoder.cancel(id, 'CANCEL', 'maybe');
    });
    return this.#ponged();
  }

  /** So many cancels of a stream that has ended. True while the link stands. */
  async cancel(times: number): Promise<boolean> {
    this.#peer.say((encoder) => {
      for (let i = 0; i < times; i++) encoder.cancel(1, 'CANCEL', 'maybe');
    });
    return this.#ponged();
  }

  #ask(path: string, times: number): void {
    this.#peer.say((encoder) => {
      for (let i = 0; i < times; i++)
        encoder.request(++this.#lastId, get(path).head, undefined, false, 0);
    });
  }

  /** Whether what was said was taken, and the link has not ended over it. */
  async #ponged(): Promise<boolean> {
    this.#peer.say((encoder) => encoder.ping(1));
    try {
      await this.#peer.next('pong');
      return true;
    } catch {
      expect(this.#peer.heard('goaway')).toMatchObject([{ code: 'ENHANCE_YOUR_CALM' }]);
      expect(this.server.stats().limitHits.get('cancelRate')).toBe(1);
      return false;
    }
  }
}

/** One that has used its burst up, but for so many. */
async function canceller(left: number): Promise<Canceller> {
  const clock = new FakeClock();
  const { server } = await serve(
    (exchange) => {
      if (exchange.path !== '/never') exchange.respond(OK, undefined, undefined);
    },
    { clock, limits: { pingMinIntervalMs: 0 } },
  );
  const [near, far] = memoryPair();
  server.accept(far);
  const peer = speakOn(near);
  peer.greet();
  await peer.next('hello');
  const made = new Canceller(clock, server, peer);
  await made.complete(1);
  clock.advance(1_001);
  expect(await made.cancel(1_000 - left)).toBe(true);
  return made;
}

describe('cancels of a dialer (W-095)', () => {
  test('1,000 may come at once', async () => {
    const dialer = await canceller(1);
    expect(await dialer.cancel(1)).toBe(true);
    expect(dialer.server.stats().limitHits.size).toBe(0);
    expect(await dialer.cancel(1)).toBe(false);
  });

  test('100 times as many end the link once', async () => {
    const dialer = await canceller(1_000);
    expect(await dialer.cancel(10_000)).toBe(false);
  });

  const earned: [string, number, (dialer: Canceller) => Promise<void>][] = [
    ['33 a second', 330, async ({ clock }) => clock.advance(10_000)],
    ['one for ten completed streams', 500, (dialer) => dialer.complete(5_000)],
    [
      'the larger of both, not their sum: many streams',
      500,
      async (dialer) => {
        dialer.clock.advance(5_000);
        await dialer.complete(5_000);
        dialer.clock.advance(5_000);
      },
    ],
    [
      'the larger of both, not their sum: much time',
      330,
      async (dialer) => {
        dialer.clock.advance(5_000);
        await dialer.complete(3_200);
        dialer.clock.advance(5_000);
      },
    ],
  ];
  test.each(earned)('then %s: %i', async (_name, count, pass) => {
    const dialer = await canceller(0);
    await pass(dialer);
    expect(await dialer.cancel(count - 1)).toBe(true);
    expect(await dialer.cancel(1)).toBe(true);
    expect(await dialer.cancel(1)).toBe(false);
  });

  test('each second earns by itself: what a busy one has earned does not count against quiet ones', async () => {
    const dialer = await canceller(0);
    await dialer.complete(5_000);
    expect(await dialer.cancel(500)).toBe(true);
    dialer.clock.advance(10_000);
    expect(await dialer.cancel(330)).toBe(true);
    expect(await dialer.cancel(1)).toBe(false);
  });

  test('streams that were cancelled are not completed', async () => {
    const dialer = await canceller(900);
    expect(await dialer.askAndCancel(900)).toBe(true);
    expect(await dialer.cancel(1)).toBe(false);
  });

  test('a dialer of ours keeps to what any receiver allows, however load comes and goes', () => {
    for (const [busyMs, quietMs] of [
      [500, 500],
      [1_000, 1_000],
      [1_500, 20_000],
      [100_000, 100_000],
    ] as const) {
      const clock = new FakeClock();
      const limit = new CancelLimit(clock, DEFAULT_LINK_LIMITS);
      const allowance = new CancelAllowance(clock);
      let completed = 0;
      let said = 0;
      let tooMany = 0;
      for (let round = 0; round * (busyMs + quietMs) < 400_000; round++) {
        for (const [ms, rate] of [
          [busyMs, 10],
          [quietMs, 0.01],
        ] as const) {
          for (let passed = 0; passed < ms; passed += 50) {
            clock.advance(50);
            completed += rate * 50;
            for (; allowance.take(completed); said++) if (!limit.take(completed)) tooMany++;
          }
        }
      }
      expect(tooMany).toBe(0);
      expect(said).toBeGreaterThan(10_000);
    }
  });
});
