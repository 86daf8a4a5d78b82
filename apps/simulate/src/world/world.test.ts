import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';
import { Host } from './host.ts';
import { Random } from './random.ts';
import { World } from './world.ts';

function failing(error: unknown): never {
  throw error;
}

test('events come by time, and in the order in which they were planned', () => {
  const random = new Random(7);
  const queue = new EventQueue();
  const times: number[] = [];
  for (let order = 0; order < 500; order++) {
    const time = random.whole(0, 50);
    times.push(time * 1_000 + order);
    queue.push({ time, order, call: () => {}, owner: undefined });
    if (random.chance(0.3)) {
      const event = queue.pop();
      if (event !== undefined) times.splice(times.indexOf(event.time * 1_000 + event.order), 1);
    }
  }
  const popped: number[] = [];
  for (let event = queue.pop(); event !== undefined; event = queue.pop()) {
    popped.push(event.time * 1_000 + event.order);
  }
  expect(popped).toEqual(times.sort((one, other) => one - other));
});

test('all promises that an event settles run before the next event', async () => {
  const world = new World(0, false, failing);
  const seen: string[] = [];
  const script = async () => {
    world.at(1, undefined, async () => {
      for (let i = 0; i < 50; i++) await undefined;
      await new Promise<void>((resolve) => process.nextTick(resolve));
      seen.push('settled');
    });
    world.at(1, undefined, () => seen.push('next'));
    await world.sleep(2);
  };
  expect(await world.run(script(), 100)).toBe('done');
  expect(seen).toEqual(['settled', 'next']);
});

test('a script that waits for nothing that will come is stuck', async () => {
  const world = new World(0, false, failing);
  const script = world.sleep(1).then(() => new Promise(() => {}));
  expect(await world.run(script, 100)).toBe('stuck');
});

test('a script that goes on for ever is endless', async () => {
  const world = new World(0, false, failing);
  const script = async () => {
    for (;;) await world.sleep(1);
  };
  expect(await world.run(script(), 100)).toBe('endless');
});

test('a busy process is late, in order, and a dead one does nothing', async () => {
  const world = new World(0, false, failing);
  const [busy, dead] = [new Host('busy', world), new Host('dead', world)];
  const seen: string[] = [];
  const script = async () => {
    busy.clock.after(5, () => seen.push(`first at ${world.now}`));
    busy.clock.after(7, () => seen.push(`second at ${world.now}`));
    dead.clock.after(6, () => seen.push('never'));
    await world.sleep(1);
    busy.lag(9);
    dead.kill();
    await world.sleep(100);
  };
  expect(await world.run(script(), 100)).toBe('done');
  expect(seen).toEqual(['first at 10', 'second at 10']);
  expect([busy.lagSince(0), busy.lagSince(5), busy.lagSince(10)]).toEqual([9, 5, 0]);
});

test('timers that are set and not cleared are known', async () => {
  const world = new World(0, false, failing);
  const host = new Host('host', world);
  const timer = host.clock.after(5, () => {});
  host.clock.after(10, () => {});
  host.clock.after(100, () => {});
  timer.clear();
  await world.run(world.sleep(50), 100);
  expect(host.timers).toEqual(['100 ms']);
});
