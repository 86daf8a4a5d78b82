import { describe, expect, test } from 'vitest';
import { HeadEncoder } from './head-encoder.ts';
import { DEFAULT_LIMITS, Fields, RequestHead, ResponseHead } from './index.ts';
import { SendTable } from './send-table.ts';
import { isSecret, Pipe } from './test/records.ts';

function request(method: string, path: string, ...raw: string[]): RequestHead {
  return new RequestHead(method, path, new Fields(raw));
}

describe('the table of the sender', () => {
  test('what has to go is said by DROP before its room is used', () => {
    const table = new SendTable(320, () => false);
    const ops: number[] = [];
    const names = Array.from({ length: 6 }, (_, index) => `n${index}`);
    for (const name of names) {
      table.begin();
      expect(table.name(name, ops, [], false).entry).toBeDefined();
    }
    // 320 bytes are ten slots, of which six are free.
    expect(ops.filter((op) => op === 19)).toEqual([]);
    table.begin();
    const { entry } = table.name('n6', ops, [], false);
    expect(ops.slice(-4)).toEqual([19, entry?.slot, 7, entry?.slot]);
  });

  test('what a head uses is not evicted by it, unless a secret needs the room', () => {
    const table = new SendTable(320, (name) => name.startsWith('s'));
    const ops: number[] = [];
    table.begin();
    for (let i = 0; i < 6; i++) table.name(`n${i}`, ops, [], true);
    expect(table.name('n6', ops, [], true).entry).toBeUndefined();
    expect(ops).not.toContain(19);
    expect(table.name('s', ops, [], false).entry).toBeUndefined();
    expect(table.name('s', ops, [], true).entry).toBeDefined();
    expect(ops).toContain(19);
  });

  test('an entry that was not used for long goes before those in use', () => {
    const table = new SendTable(4096, () => false);
    const ops: number[] = [];
    table.begin();
    for (let i = 0; i < 100; i++) table.name(`n${i}`, ops, [], false);
    for (let round = 0; round < 200; round++) {
      table.begin();
      for (let i = 0; i < 100; i++) if (i !== 50) table.name(`n${i}`, ops, [], false);
    }
    ops.length = 0;
    for (let i = 0; !ops.includes(19); i++) {
      table.begin();
      table.name(`new-${i}`, ops, [], false);
    }
    // The names stand in slots 4, 5, …
    expect(ops.slice(ops.indexOf(19))[1]).toBe(4 + 50);
  });
});

describe('programs', () => {
  test('a table too small for values that repeat in turn is followed all the same', () => {
    const pipe = new Pipe({ tableBytes: 700 });
    for (let id = 1; id < 400; id++) {
      const raw: string[] = [];
      for (let f = 0; f < 4; f++) raw.push(`x-${f}`, `${(id * (f + 3)) % 5}`.repeat(20 + f * 7));
      pipe.encoder.request(id, request('GET', '/', ...raw), undefined, false, 0);
      pipe.encoder.response(
        id,
        new ResponseHead(200 + (id % 7), new Fields(raw)),
        undefined,
        false,
      );
      expect(pipe.flush().said).toMatchObject([{ fields: raw }, { fields: raw }]);
    }
  });

  test('a method too long to be stored stays a method where it is a hole', () => {
    const pipe = new Pipe();
    for (const [id, path] of ['/a', '/b', '/c', '/d'].entries()) {
      const head = request('M'.repeat(2000), path, 'n', 'v');
      pipe.encoder.request(id + 1, head, undefined, false, 0);
      expect(pipe.flush().said).toMatchObject([{ method: head.method, path }]);
    }
  });

  test('a table of any size that a peer offers is used up to a megabyte', () => {
    const limits = { ...DEFAULT_LIMITS, tableBytes: 2 ** 32 - 1 };
    const encoder = new HeadEncoder(limits, isSecret, false);
    const head = (i: number) => request('GET', '/', `x-${i}`, `v${i}`.repeat(150));
    for (let i = 0; i < 1000; i++) encoder.request(head(i));
    expect(encoder.request(head(500)).texts).toEqual([]);
    for (let i = 1000; i < 3000; i++) encoder.request(head(i));
    expect(encoder.request(head(0)).texts).toEqual(['x-0', 'v0'.repeat(150)]);
  });

  test('shapes that are forgotten leave the table', () => {
    const encoder = new HeadEncoder({ ...DEFAULT_LIMITS, tableBytes: 2 ** 20 }, isSecret, true);
    let drops = 0;
    for (let i = 0; i < 300; i++) {
      const { ops } = encoder.request(request('GET', '/', `x-${i}`, 'v'));
      if (ops[0] === 19) drops++;
    }
    expect(drops).toBe(300 - 256);
  });

  test.each([
    [0, 0],
    [0.2, 1],
    [1, 1],
    [127.5, 128],
    [2 ** 32, 2 ** 32 - 1],
    [Number.POSITIVE_INFINITY, 2 ** 32 - 1],
    [-5, 1],
    [Number.NaN, 1],
  ])('W-090 %d ms left are said as %d', (given, timeoutMs) => {
    const pipe = new Pipe();
    pipe.encoder.request(1, request('GET', '/'), undefined, false, given);
    pipe.encoder.ping(1);
    expect(pipe.flush().said).toMatchObject([{ timeoutMs }, { kind: 'ping' }]);
  });

  test('a message is cut at 1024 bytes, between characters', () => {
    const pipe = new Pipe();
    pipe.encoder.cancel(1, 'INTERNAL', 'yes', '€'.repeat(5000));
    pipe.encoder.goaway(1, 'OVERFLOW', true, '\ud800x');
    expect(pipe.flush().said).toMatchObject([
      { message: '€'.repeat(341) },
      { code: 'INTERNAL', message: '\ufffdx' },
    ]);
  });
});
