import type { Clock } from '@tp/transport';
import { describe, expect, it } from 'vitest';
import type { Upstream } from '../exchange.ts';
import { Balance, type BalanceOptions, type Member } from './balance.ts';

function place(name: string, pending = 0): Upstream & { pending: number } {
  return {
    name,
    pending,
    send: () => Promise.reject(new Error('not called')),
    reachable: () => Promise.resolve(true),
    figures: () => {
      throw new Error('not called');
    },
    close: () => Promise.resolve(),
  };
}

/** A clock that stands still until it is set. */
class Hand implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; call: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void) {
    const timer = { at: this.#now + ms, call };
    this.#timers.add(timer);
    return { clear: () => void this.#timers.delete(timer) };
  }

  defer(call: () => void): void {
    call();
  }

  settle(call: () => void): void {
    call();
  }

  pass(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue;
      this.#timers.delete(timer);
      timer.call();
    }
  }
}

function setUp(
  upstreams: readonly (Upstream & { weight?: number })[],
  options: Partial<BalanceOptions> = {},
) {
  const clock = new Hand();
  let seed = 1;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const members = upstreams.map((upstream) => ({ upstream, weight: upstream.weight ?? 1 }));
  const balance = new Balance(members, {
    panicThreshold: 0.3,
    slowStartMs: 10_000,
    clock,
    random,
    ...options,
  });
  const member = (name: string): Member => {
    const found = balance.members.find(({ upstream }) => upstream.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  /** The share of picks that each gets, in percent. */
  const shares = (): Map<string, number> => {
    const counts = new Map(upstreams.map(({ name }) => [name, 0]));
    for (let i = 0; i < 4_000; i++) {
      const { name } = balance.pick()?.upstream ?? { name: 'none' };
      counts.set(name, (counts.get(name) ?? 0) + 1 / 40);
    }
    return counts;
  };
  /** Fails until it is ejected, while the others answer. */
  const eject = (name: string): void => {
    for (const one of balance.members) for (let i = 0; i < 20; i++) balance.answered(one, 1);
    for (let i = 0; i < 6; i++) {
      balance.failed(member(name));
      clock.pass(25);
    }
  };
  return { balance, clock, member, shares, eject };
}

describe('balance', () => {
  it('gives each its weight while they are alike', () => {
    const { shares, balance, member } = setUp([
      Object.assign(place('light'), { weight: 1 }),
      Object.assign(place('heavy'), { weight: 4 }),
    ]);
    expect(shares().get('heavy')).toBeGreaterThan(75);
    expect(shares().get('heavy')).toBeLessThan(85);
    balance.answered(member('light'), 1);
    balance.answered(member('heavy'), 3);
    expect(shares().get('heavy')).toBeGreaterThan(75);
  });

  it('takes the less loaded of two, in relation to their weights', () => {
    const { shares } = setUp([
      Object.assign(place('busy', 6), { weight: 4 }),
      Object.assign(place('calm', 1), { weight: 1 }),
    ]);
    expect(shares().get('busy')).toBe(0);
  });

  it('shuns one that is slow, until others have so much more to do', () => {
    const slow = place('slow');
    const quick = place('quick');
    const { balance, member, shares } = setUp([slow, quick]);
    balance.answered(member('slow'), 2_000);
    balance.answered(member('quick'), 20);
    expect(shares().get('slow')).toBe(0);
    quick.pending = 150;
    expect(shares().get('slow')).toBeCloseTo(100);
  });

  describe('one that was slow and is well again', () => {
    /** Sends a request every 10 ms for so long; gives what the slow one got. */
    function setUpSlow(answerMs: () => number) {
      const slow = place('slow');
      const { balance, clock, member } = setUp([slow, place('a'), place('b')]);
      for (const name of ['a', 'b']) balance.answered(member(name), 10);
      balance.answered(member('slow'), 2_000);
      let answerAt = Number.POSITIVE_INFINITY;
      let sentAt = 0;
      return (ms: number): number => {
        let got = 0;
        for (let passed = 0; passed < ms; passed += 10) {
          if (clock.now() >= answerAt) {
            answerAt = Number.POSITIVE_INFINITY;
            slow.pending = 0;
            balance.answered(member('slow'), clock.now() - sentAt);
          }
          const picked = balance.pick();
          if (picked === undefined) throw new Error();
          if (picked !== member('slow')) balance.answered(picked, 10);
          else {
            got += 1;
            slow.pending = 1;
            sentAt = clock.now();
            answerAt = sentAt + answerMs();
          }
          clock.pass(10);
        }
        return got;
      };
    }

    it('has a growing part again after a few seconds', () => {
      const run = setUpSlow(() => 10);
      run(3_000);
      expect(run(5_000)).toBeGreaterThan(15);
      run(10_000);
      expect(run(5_000)).toBeGreaterThan(100);
    });

    it('gets one request in hundreds for as long as it is slow', () => {
      const run = setUpSlow(() => 2_000);
      const got = run(60_000);
      expect(got).toBeGreaterThan(5);
      expect(got).toBeLessThan(15);
    });

    it('is noticed within 5 s, however long it was slow', () => {
      let ms = 2_000;
      const run = setUpSlow(() => ms);
      run(60_000);
      ms = 10;
      run(6_000);
      expect(run(5_000)).toBeGreaterThan(20);
    });
  });

  it('shuns one after its first failure, though it is idle, and though it failed fast', () => {
    const { balance, member, shares } = setUp([place('broken'), place('well')]);
    balance.answered(member('well'), 1);
    balance.answered(member('broken'), 0.1);
    balance.failed(member('broken'));
    expect(shares().get('broken')).toBe(0);
  });

  it('ejects one that fails, lets it back after a while, and gives it its part bit by bit', () => {
    const { balance, clock, member, shares, eject } = setUp([place('a'), place('b'), place('c')]);
    expect(shares().get('a')).toBeGreaterThan(25);
    eject('a');
    expect(balance.isWell(member('a'))).toBe(false);
    expect(shares().get('a')).toBe(0);

    clock.pass(6_500);
    expect(balance.isWell(member('a'))).toBe(true);
    const probed = shares().get('a') ?? 0;
    expect(probed).toBeGreaterThan(0);
    expect(probed).toBeLessThan(10);

    for (let i = 0; i < 5; i++) balance.answered(member('a'), 1);
    clock.pass(5_000);
    const half = shares().get('a') ?? 0;
    expect(half).toBeGreaterThan(probed);
    expect(half).toBeLessThan(27);
    clock.pass(5_000);
    expect(shares().get('a')).toBeGreaterThan(28);
  });

  it('leaves out one that active checks find ill, and gives it its part bit by bit when it is back', () => {
    const [a, b] = [place('a'), place('b')];
    const { balance, clock, shares } = setUp([a, b]);
    balance.checked(a, false);
    expect(shares().get('a')).toBe(0);
    balance.checked(a, true);
    const first = shares().get('a') ?? 0;
    expect(first).toBeGreaterThan(2);
    expect(first).toBeLessThan(20);
    clock.pass(10_000);
    expect(shares().get('a')).toBeGreaterThan(40);
  });

  it('uses all when so few are well that these would be overrun', () => {
    const upstreams = ['a', 'b', 'c', 'd'].map((name) => place(name));
    const { balance, shares } = setUp(upstreams, { slowStartMs: 0 });
    const [a, b, c, d] = upstreams;
    for (const one of [a, b]) if (one !== undefined) balance.checked(one, false);
    expect(shares().get('a')).toBe(0);
    if (c !== undefined) balance.checked(c, false);
    // One of four is less than 0.3 of them.
    for (const name of ['a', 'b', 'c', 'd']) expect(shares().get(name)).toBeGreaterThan(15);
    if (c !== undefined) balance.checked(c, true);
    expect(shares().get('a')).toBe(0);
    if (d !== undefined) balance.checked(d, false);
    expect(shares().get('b')).toBeGreaterThan(15);
  });

  it('ejects nobody for what fails everywhere', () => {
    const { balance, clock, member } = setUp([place('a'), place('b')]);
    for (let i = 0; i < 40; i++) {
      for (const name of ['a', 'b']) balance.failed(member(name));
      clock.pass(10);
    }
    expect(balance.isWell(member('a'))).toBe(true);
    expect(balance.isWell(member('b'))).toBe(true);
  });

  it('gives none twice to one request, and one that is ill only when no other is left', () => {
    const [a, b, c] = [place('a'), place('b'), place('c')];
    const { balance, member } = setUp([a, b, c]);
    balance.checked(c, false);
    expect(balance.pick(new Set([member('a')]))).toBe(member('b'));
    expect(balance.pick(new Set([member('a'), member('b')]))).toBe(member('c'));
    expect(balance.pick(new Set(balance.members))).toBeUndefined();
  });
});
