import { expect, test } from 'vitest';
import { playHistory } from './history.ts';

test('a seed plays the same history each time, event by event', async () => {
  for (const seed of [1, 2, 3]) {
    const init = { seed, faults: 20, keepsTrace: true };
    const first = await playHistory(init);
    const again = await playHistory(init);
    expect(again.lines).toEqual(first.lines);
    expect(again.hash).toBe(first.hash);
    expect(first.lines.length).toBeGreaterThan(100);
  }
});

test('another seed plays another history', async () => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 5; seed++) {
    hashes.add((await playHistory({ seed, faults: 5, keepsTrace: false })).hash);
  }
  expect(hashes.size).toBe(5);
});

test('keeping what happens to be read changes nothing of it', async () => {
  const init = { seed: 7, faults: 20 };
  const read = await playHistory({ ...init, keepsTrace: true });
  const unread = await playHistory({ ...init, keepsTrace: false });
  expect([unread.hash, unread.events, unread.lines]).toEqual([read.hash, read.events, []]);
});
