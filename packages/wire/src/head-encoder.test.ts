import { describe, expect, test } from 'vitest';
import { HeadEncoder } from './head-encoder.ts';
import { DEFAULT_LIMITS, Fields, RequestHead, ResponseHead } from './index.ts';
import { SendTable } from './send-table.ts';
import { isSecret, Pipe } from './test/records.ts';

function request(method: string, path: string, ...raw: string[]): RequestHead {
  return new RequestHead(method, path, new Fields(raw));
}

/** Stores a name, in a head of its own; gives the slot that has it, if one does. */
function name(
  table: SendTable,
  text: string,
  ops: number[],
  { forced = false, begins = true } = {},
): number | undefined {
  if (begins) table.begin();
  const info = table.name(text);
  table.storeName(info, ops, [], forced);
  return info.entry?.slot;
}

describe('the table of the sender', () => {
  test('what makes room is replaced where it stands; what goes besides is dropped before that', () => {
    // 512 bytes are sixteen slots, of which twelve are free, and room for twelve names of ten letters.
    const table = new SendTable(512, () => false);
    const ops: number[] = [];
    for (let i = 0; i < 12; i++) expect(name(table, `name-${10_000 + i}`, ops)).toBe(4 + i);
    expect(ops).not.toContain(19);
    ops.length = 0;
    expect(name(table, 'name-20000', ops)).toBe(4);
    expect(ops).toEqual([7, 4]);
    ops.length = 0;
    table.begin();
    const block = table.store({ size: 64, short: false, holder: () => {} }, ops);
    expect(block?.slot).toBe(5);
    expect(ops).toEqual([19, 6]);
  });

  test('a field takes the place of the name that stood alone', () => {
    const table = new SendTable(512, () => false);
    const ops: number[] = [];
    const slot = name(table, 'n', ops);
    ops.length = 0;
    expect(table.storeField(table.name('n'), 'v', false, ops)?.slot).toBe(slot);
    expect(table.name('n').entry?.slot).toBe(slot);
    expect(ops).toEqual([]);
  });

  test('what a head uses is not evicted by it, unless a secret needs the room', () => {
    const table = new SendTable(320, (text) => text.startsWith('s'));
    const ops: number[] = [];
    table.begin();
    const here = { begins: false };
    for (let i = 0; i < 6; i++) name(table, `n${i}`, ops, { ...here, forced: true });
    expect(name(table, 'n6', ops, { ...here, forced: true })).toBeUndefined();
    expect(name(table, 's', ops, here)).toBeUndefined();
    expect(name(table, 's', ops, { ...here, forced: true })).toBeDefined();
  });

  test('an entry that was not used of late goes before those that were', () => {
    const table = new SendTable(4096, () => false);
    const ops: number[] = [];
    const slots = Array.from({ length: 100 }, (_, i) => name(table, `n${i}`, ops));
    for (let i = 0; i < 100; i++) if (i !== 50) name(table, `n${i}`, ops);
    for (let i = 0; ; i++) {
      const slot = name(table, `new-${i}`, ops);
      if (!slots.includes(slot)) continue;
      expect(slot).toBe(slots[50]);
      break;
    }
  });

  test('a name goes on with another field when the one that had it is gone', () => {
    const table = new SendTable(4096, () => false);
    const ops: number[] = [];
    name(table, 'n', ops);
    const info = table.name('n');
    table.begin();
    const first = table.storeField(info, 'one', true, ops);
    const second = table.storeField(info, 'two', true, ops);
    expect(info.entry).toBe(first);
    if (first !== undefined) table.drop(first, ops);
    expect(info.entry).toBe(second);
    if (second !== undefined) table.drop(second, ops);
    expect(table.name('n')).not.toBe(info);
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
