import { expect, test } from 'vitest';
import { Host } from '../world/host.ts';
import { Random } from '../world/random.ts';
import { World } from '../world/world.ts';
import { Pipe } from './pipe.ts';
import type { Route } from './route.ts';

const ROUTE: Route = {
  latencyMs: 5,
  jitterMs: 20,
  bytesPerMs: 100,
  mostInOneRead: 70,
  kernelBytes: 500,
};

/** A pipe between two processes, and what its receiver has seen. */
function laid(seed: number) {
  const world = new World(0, false, (error) => {
    throw error;
  });
  const got: number[] = [];
  const said: string[] = [];
  const hosts = [new Host('sender', world), new Host('receiver', world)] as const;
  const pipe = new Pipe(world, new Random(seed), ROUTE, ...hosts, {
    arrived: (bytes) => got.push(...bytes),
    drained: () => said.push('drained'),
    ended: () => said.push('ended'),
    cut: () => said.push('cut'),
  });
  return { world, pipe, got, said };
}

function counted(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

test.each([1, 2, 3])('all bytes come in order, however they are cut (seed %d)', async (seed) => {
  const { world, pipe, got, said } = laid(seed);
  const bytes = counted(3_000);
  pipe.open();
  for (let at = 0; at < bytes.length; at += 300) pipe.write(bytes.slice(at, at + 300));
  pipe.finish();
  await world.run(world.sleep(10_000), 10_000);
  expect(got).toEqual([...bytes]);
  expect(said).toEqual(['drained', 'ended']);
});

test('what waits is the writer’s memory until it is drained', async () => {
  const { world, pipe, got, said } = laid(1);
  const bytes = counted(1_000);
  pipe.open();
  expect(pipe.write(bytes)).toBe(false);
  bytes.fill(255);
  await world.run(world.sleep(10_000), 10_000);
  expect(said).toEqual(['drained']);
  expect(got.slice(0, 500)).toEqual([...counted(500)]);
  expect(new Set(got.slice(500))).toEqual(new Set([255]));
});

test('it is busy until all that was written has come out', async () => {
  const { world, pipe } = laid(1);
  expect(pipe.busy).toBe(false);
  pipe.open();
  pipe.write(counted(1_000));
  expect(pipe.busy).toBe(true);
  await world.run(world.sleep(10_000), 10_000);
  expect(pipe.busy).toBe(false);
});

test('a cut happens at its byte', async () => {
  const { world, pipe, got, said } = laid(1);
  const done: string[] = [];
  pipe.open();
  pipe.injure({ at: 123, kind: 'cut', done: () => done.push('done') });
  pipe.write(counted(400));
  await world.run(world.sleep(10_000), 10_000);
  expect(got).toEqual([...counted(123)]);
  expect([...said, ...done]).toEqual(['cut', 'done']);
});

test('one bit of one byte is turned over', async () => {
  const { world, pipe, got } = laid(1);
  pipe.open();
  pipe.injure({ at: 200, kind: 'flip', done: () => {} });
  pipe.write(counted(400));
  await world.run(world.sleep(10_000), 10_000);
  const wrong = got.flatMap((byte, at) => (byte === at % 251 ? [] : [at]));
  expect(wrong).toEqual([200]);
  expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain((got[200] ?? 0) ^ 200);
});

test('what is held comes when it is released, and never when it is held for ever', async () => {
  const { world, pipe, got } = laid(1);
  pipe.open();
  pipe.hold(1_000);
  pipe.write(counted(10));
  await world.run(world.sleep(900), 10_000);
  expect(got).toEqual([]);
  await world.run(world.sleep(200), 10_000);
  expect(got.length).toBe(10);
  pipe.hold(Number.POSITIVE_INFINITY);
  pipe.write(counted(10));
  pipe.release();
  await world.run(world.sleep(1e9), 10_000);
  expect(got.length).toBe(10);
});
