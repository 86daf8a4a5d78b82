import { describe, expect, it } from 'vitest';
import type { Upstream } from '../exchange.ts';
import { createBalance, PENALTY_MS } from './balance.ts';

function place(name: string): Upstream & { pending: number } {
  return {
    name,
    pending: 0,
    send: () => Promise.reject(new Error('not called')),
    reachable: () => Promise.resolve(true),
    figures: () => {
      throw new Error('not called');
    },
    close: () => Promise.resolve(),
  };
}

describe('balance', () => {
  it('takes the least loaded, and equals in turn', () => {
    const [a, b, c] = [place('a'), place('b'), place('c')];
    const balance = createBalance([a, b, c], () => 0);
    const names = Array.from({ length: 6 }, () => balance.pick()?.name).sort();
    expect(names).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
    b.pending = -1;
    expect(balance.pick()).toBe(b);
  });

  it('keeps away from one that failed, though it is idle, until the penalty is over', () => {
    let now = 0;
    const [quick, slow] = [place('quick'), place('slow')];
    slow.pending = 100;
    const balance = createBalance([quick, slow], () => now);
    balance.penalise(quick);
    expect(balance.pick()).toBe(slow);
    now = PENALTY_MS - 1;
    expect(balance.pick()).toBe(slow);
    now = PENALTY_MS;
    expect(balance.pick()).toBe(quick);
  });

  it('falls back to all when each has failed', () => {
    const [a, b] = [place('a'), place('b')];
    b.pending = 1;
    const balance = createBalance([a, b], () => 0);
    balance.penalise(a);
    balance.penalise(b);
    expect(balance.pick()).toBe(a);
  });

  it('gives none twice to one request', () => {
    const [a, b] = [place('a'), place('b')];
    const balance = createBalance([a, b], () => 0);
    expect(balance.pick(new Set([a]))).toBe(b);
    expect(balance.pick(new Set([a, b]))).toBeUndefined();
    expect(createBalance([a], () => 0).pick(new Set([a]))).toBeUndefined();
  });
});
