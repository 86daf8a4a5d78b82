import { describe, expect, test } from 'vitest';
import { HeadDecoder, HeadParts } from './head-decoder.ts';
import { DEFAULT_LIMITS, portableBytes } from './index.ts';
import { failure } from './test/errors.ts';
import { GET, Receiver, responseOf, trailersOf } from './test/heads.ts';

/** Operations, as the table of section 6 has them. */
const FIELD = (slot: number) => 4 * slot;
const VALUE = (slot: number) => 4 * slot + 1;
const STORE = (name: number, slot: number) => [4 * name + 2, slot];
const LITERAL = 3;
const NAME = (slot: number) => [7, slot];
const SECRET = (name: number) => [11, name];
const SECRET_STORE = (name: number, slot: number) => [15, name, slot];
const DROP = (slot: number) => [19, slot];
/** Fills. */
const TEXT = 1;
const FILL_STORE = (slot: number) => 4 * slot + 2;
const BLOB = 3;
const BLOB_STORE = (slot: number) => [7, slot];

const START = GET.ops;

/** A receiver that has name `x` in slot 4, field `x: 1` in slot 5 and a block GET / in slot 6. */
function prepared(limits = {}): Receiver {
  const receiver = new Receiver(limits);
  receiver.run({ ops: [...START, ...NAME(4), ...STORE(4, 5)], texts: ['GET', '/', 'x', '1'] });
  receiver.run({ ops: [VALUE(0), VALUE(1)], texts: ['GET', '/'], keep: 6 });
  return receiver;
}

describe('operations', () => {
  test.each([
    ['VALUE with a name', [VALUE(4)], ['v'], [], ['x', 'v']],
    ['VALUE with a field, of which it takes the name', [VALUE(5)], ['v'], [], ['x', 'v']],
    ['FIELD', [FIELD(5), FIELD(5)], [], [], ['x', '1', 'x', '1']],
    ['STORE', [...STORE(4, 7), FIELD(7)], ['v'], [], ['x', 'v', 'x', 'v']],
    [
      'STORE with the name of a field, over that field',
      [...STORE(5, 5), FIELD(5)],
      ['v'],
      [],
      ['x', 'v', 'x', 'v'],
    ],
    ['LITERAL', [LITERAL], ['X-y', ''], [], ['X-y', '']],
    ['NAME', [...NAME(7), VALUE(7)], ['n', 'v'], [], ['n', 'v']],
    ['SECRET', [...SECRET(4)], [], ['b'], ['x', 'b']],
    ['SECRET_STORE', [...SECRET_STORE(5, 7), FIELD(7)], [], ['b'], ['x', 'b', 'x', 'b']],
    ['DROP', [...DROP(5)], [], [], []],
  ])('W-055 %s', (_, ops, texts, blobs, fields) => {
    const program = { ops: [...START, ...ops], texts: [...GET.texts, ...texts], blobs };
    expect(prepared().fields(program)).toEqual(['GET', '/', ...fields]);
  });

  test.each([23, 27, 31, 35, 39, 127, 255, 2 ** 32 - 1])(
    'W-055 %i is no operation: PROTOCOL',
    (op) => {
      const run = () =>
        prepared().run({ ops: [...START, op], texts: [...GET.texts, 'a', 'b'], blobs: ['c'] });
      expect(failure(run)).toBe('PROTOCOL W-055');
    },
  );

  test.each([
    ['an operation that ends early', [18], ['v']],
    ['NAME without a slot', [7], ['v']],
    ['SECRET without a slot', [11], []],
    ['SECRET_STORE without its second slot', [15, 4], []],
    ['DROP without a slot', [19], []],
    ['VALUE without a text', [VALUE(4)], []],
    ['STORE without a text', STORE(4, 7), []],
    ['LITERAL with one text', [LITERAL], ['n']],
    ['a text that is left over', [], ['v']],
  ])('W-055 %s is PROTOCOL', (_, ops, texts) => {
    const run = () => prepared().run({ ops: [...START, ...ops], texts: [...GET.texts, ...texts] });
    expect(failure(run)).toBe('PROTOCOL W-055');
  });

  test('W-055 a block alone with a text that is left over is PROTOCOL', () => {
    const receiver = prepared();
    receiver.run({ ops: [...STORE(0, 8), ...STORE(1, 9)], texts: ['GET', '/'], keep: 7 });
    expect(receiver.fields({ block: 7 })).toEqual(['GET', '/']);
    expect(failure(() => receiver.run({ block: 7, texts: ['v'] }))).toBe('PROTOCOL W-055');
    expect(failure(() => prepared().run({ block: 6, texts: ['GET', '/', 'v'] }))).toBe(
      'PROTOCOL W-055',
    );
    expect(failure(() => prepared().run({ block: 6, texts: ['GET'] }))).toBe('PROTOCOL W-055');
  });

  test('W-064 SECRET without a blob is PROTOCOL', () => {
    expect(failure(() => prepared().run({ ops: [...START, ...SECRET(4)], texts: GET.texts }))).toBe(
      'PROTOCOL W-064',
    );
  });
});

describe('references', () => {
  test.each([
    ['FIELD to an empty slot', [FIELD(7)]],
    ['FIELD to a name', [FIELD(4)]],
    ['FIELD to a pseudo name', [FIELD(0)]],
    ['FIELD to a block', [FIELD(6)]],
    ['FIELD far outside', [4 * 1_000_000]],
    ['VALUE to an empty slot', [VALUE(7)]],
    ['VALUE to a block', [VALUE(6)]],
    ['STORE to a block', STORE(6, 8)],
    ['SECRET to an empty slot', SECRET(7)],
    ['SECRET to a block', SECRET(6)],
    ['SECRET_STORE to an empty slot', SECRET_STORE(7, 8)],
    ['DROP of an empty slot', DROP(7)],
    ['DROP of a pseudo name', DROP(0)],
    ['DROP of another', DROP(3)],
    ['DROP far outside', DROP(2 ** 32 - 1)],
  ])('W-054 %s is COMPRESSION', (_, ops) => {
    const run = () => prepared().run({ ops, texts: ['v'], blobs: ['b'] });
    expect(failure(run)).toBe('COMPRESSION W-054');
  });

  test.each([1, 4, 5, 7, 2 ** 32 - 1])('W-054 slot %i as a block is COMPRESSION', (block) => {
    expect(failure(() => prepared().run({ block }))).toBe('COMPRESSION W-054');
  });

  test('W-054 what was dropped is gone', () => {
    const receiver = prepared();
    receiver.run({ ops: [...START, ...DROP(6)], texts: GET.texts });
    expect(failure(() => receiver.run({ block: 6 }))).toBe('COMPRESSION W-054');
  });

  test.each([0, 3, 2048, 2049, 204_800, 2 ** 32 - 1])(
    'W-052 to store in slot %i of 64 KiB is COMPRESSION',
    (slot) => {
      for (const ops of [NAME(slot), STORE(4, slot), SECRET_STORE(4, slot)]) {
        const run = () => prepared().run({ ops, texts: ['v'], blobs: ['v'] });
        expect(failure(run)).toBe('COMPRESSION W-052');
      }
      if (slot === 0) return;
      expect(failure(() => prepared().run({ ...GET, keep: slot }))).toBe('COMPRESSION W-052');
    },
  );

  test('W-052 slot 4 and slot 2047 of 64 KiB can be stored in; of 100 bytes, none', () => {
    const receiver = prepared();
    expect(
      receiver.fields({
        ops: [...START, ...NAME(2047), VALUE(2047)],
        texts: [...GET.texts, 'n', 'v'],
      }),
    ).toEqual(['GET', '/', 'n', 'v']);
    const small = new Receiver({ tableBytes: 129 });
    small.run({ ops: NAME(4), texts: ['n'] });
    expect(failure(() => small.run({ ops: NAME(5), texts: ['n'] }))).toBe('COMPRESSION W-052');
    expect(
      failure(() => new Receiver({ tableBytes: 128 }).run({ ops: NAME(4), texts: ['n'] })),
    ).toBe('COMPRESSION W-052');
  });

  test('W-053 a block keeps its text when the slots that it came from are replaced', () => {
    const receiver = prepared();
    receiver.run({ ops: [...START, FIELD(5), VALUE(4)], texts: [...GET.texts, 'hole'], keep: 7 });
    const replace = {
      ops: [...START, ...STORE(4, 5), ...NAME(4)],
      texts: [...GET.texts, '2', 'y'],
    };
    expect(receiver.fields(replace)).toEqual(['GET', '/', 'x', '2']);
    expect(receiver.fields({ block: 7, texts: ['PUT', '/p', 'h'] })).toEqual([
      'PUT',
      '/p',
      'x',
      '1',
      'x',
      'h',
    ]);
    receiver.run({ ops: [...START, ...DROP(4), ...DROP(5)], texts: GET.texts });
    expect(receiver.fields({ block: 7, texts: ['PUT', '/p', 'h'] })).toEqual([
      'PUT',
      '/p',
      'x',
      '1',
      'x',
      'h',
    ]);
  });

  test('W-053 a block that is replaced while it is used stands as it was', () => {
    const receiver = prepared();
    const fill = { block: 6, ops: [FILL_STORE(6), TEXT], texts: ['PUT', '/p'] };
    expect(receiver.fields(fill)).toEqual(['PUT', '/p']);
    expect(failure(() => receiver.run({ block: 6 }))).toBe('COMPRESSION W-054');
  });
});

describe('the size of the table', () => {
  const decoder = () => new HeadDecoder(portableBytes, { ...DEFAULT_LIMITS, tableBytes: 1000 });
  const run = (target: HeadDecoder, ops: number[], texts: string[], keep = 0) => {
    const parts = new HeadParts();
    const bytes: number[] = [];
    parts.ops.push(...ops);
    for (const text of texts) {
      parts.texts.push(bytes.length, bytes.length + text.length);
      for (const char of text) bytes.push(char.charCodeAt(0));
    }
    parts.bytes = Uint8Array.from(bytes);
    parts.keep = keep;
    target.trailers(parts, () => Uint8Array.of());
    return target.tableBytes;
  };

  test('W-051 names, fields and blocks count as it says; what is replaced or dropped does not', () => {
    const target = decoder();
    expect(run(target, NAME(4), ['abc'])).toBe(35);
    expect(run(target, STORE(4, 5), ['12345'])).toBe(35 + 40);
    // 32, FIELD 3 + 5 + 32, hole 3 + 32, hole 2 + 32
    expect(run(target, [FIELD(5), VALUE(4), LITERAL], ['vvvv', 'de', 'ww'], 6)).toBe(
      75 + 32 + 40 + 35 + 34,
    );
    expect(run(target, NAME(5), ['q'])).toBe(75 + 141 - 40 + 33);
    expect(run(target, [...DROP(4), ...DROP(6), ...DROP(5)], [])).toBe(0);
  });

  test.each([
    [967, 'fine'],
    [968, 'fine'],
    [969, 'COMPRESSION W-051'],
    [100_000, 'COMPRESSION W-051'],
  ])('W-051 a name of %i bytes in a table of 1000: %s', (length, expected) => {
    const store = () => run(decoder(), NAME(4), ['n'.repeat(length)]);
    if (expected === 'fine') expect(store()).toBe(length + 32);
    else expect(failure(store)).toBe(expected);
  });

  test('W-051 the sum counts after each operation', () => {
    const target = decoder();
    run(target, NAME(4), ['n'.repeat(900)]);
    expect(failure(() => run(target, [...NAME(5), ...DROP(4)], ['n'.repeat(100)]))).toBe(
      'COMPRESSION W-051',
    );
    const other = decoder();
    run(other, NAME(4), ['n'.repeat(900)]);
    expect(run(other, [...DROP(4), ...NAME(5)], ['n'.repeat(900)])).toBe(932);
  });

  test('W-051 a block counts its fixed text, however often a field is referred to', () => {
    const target = decoder();
    run(target, [...NAME(4), ...STORE(4, 5)], ['n', 'v'.repeat(300)]);
    expect(failure(() => run(target, [FIELD(5), FIELD(5), FIELD(5)], [], 6))).toBe(
      'COMPRESSION W-051',
    );
  });
});

describe('blocks', () => {
  test('W-056 fields added by FIELD, STORE and SECRET_STORE are fixed, the others are holes in their places', () => {
    const receiver = prepared();
    receiver.run({
      ops: [
        ...START,
        FIELD(5),
        VALUE(4),
        ...STORE(4, 8),
        LITERAL,
        ...SECRET(4),
        ...SECRET_STORE(4, 9),
      ],
      texts: [...GET.texts, 'hole', 'stored', 'lit', 'eral'],
      blobs: ['secret', 'kept'],
      keep: 10,
    });
    const filled = receiver.fields({ block: 10, texts: ['PUT', '/2', 'h', 'l'], blobs: ['s'] });
    expect(filled).toEqual([
      'PUT',
      '/2',
      'x',
      '1',
      'x',
      'h',
      'x',
      'stored',
      'lit',
      'l',
      'x',
      's',
      'x',
      'kept',
    ]);
  });

  test('W-056 a block may come in place of what the program used', () => {
    const receiver = prepared();
    receiver.run({ ops: [...START, FIELD(5)], texts: GET.texts, keep: 5 });
    expect(receiver.fields({ block: 5, texts: ['PUT', '/'] })).toEqual(['PUT', '/', 'x', '1']);
  });

  /** Block 10: GET / with the holes x (text), x (secret), y (literal). */
  function holed(): Receiver {
    const receiver = prepared();
    receiver.run({
      ops: [...STORE(0, 8), ...STORE(1, 9), VALUE(4), ...SECRET(4), LITERAL],
      texts: ['GET', '/', 'a', 'y', 'b'],
      blobs: ['s'],
      keep: 10,
    });
    return receiver;
  }

  test.each([
    ['FIELD, TEXT, TEXT', [FIELD(5), TEXT, TEXT], ['s', 'y'], [], ['1', 's', 'y']],
    ['STORE, BLOB, TEXT', [FILL_STORE(11), BLOB, TEXT], ['t', 'y'], ['b'], ['t', 'b', 'y']],
    [
      'BLOB, BLOB_STORE, BLOB',
      [BLOB, ...BLOB_STORE(11), BLOB],
      [],
      ['1', '2', '3'],
      ['1', '2', '3'],
    ],
    [
      'DROP among them and behind',
      [...DROP(4), TEXT, ...DROP(5), TEXT, TEXT, ...DROP(8)],
      ['1', '2', '3'],
      [],
      ['1', '2', '3'],
    ],
  ])('W-057 holes are filled by %s', (_, ops, texts, blobs, [a, b, c]) => {
    const filled = holed().fields({ block: 10, ops, texts, blobs });
    expect(filled).toEqual(['GET', '/', 'x', a, 'x', b, 'y', c]);
  });

  test('W-057 what a fill stores can be referred to afterwards, with the hole’s name', () => {
    const receiver = holed();
    receiver.run({
      block: 10,
      ops: [FILL_STORE(11), ...BLOB_STORE(12), FILL_STORE(13)],
      texts: ['t', 'u'],
      blobs: ['b'],
    });
    const program = { ops: [...START, FIELD(11), FIELD(12), FIELD(13)], texts: GET.texts };
    expect(receiver.fields(program)).toEqual(['GET', '/', 'x', 't', 'x', 'b', 'y', 'u']);
  });

  test('W-057 a field of another name than the hole is COMPRESSION, also in another case of letters', () => {
    expect(
      failure(() => holed().run({ block: 10, ops: [TEXT, TEXT, FIELD(5)], texts: ['a', 'b'] })),
    ).toBe('COMPRESSION W-057');
    const receiver = holed();
    receiver.run({
      ops: [...START, ...NAME(12), ...STORE(12, 13)],
      texts: [...GET.texts, 'X', '1'],
    });
    expect(
      failure(() => receiver.run({ block: 10, ops: [FIELD(13), TEXT, TEXT], texts: ['a', 'b'] })),
    ).toBe('COMPRESSION W-057');
  });

  test.each([0, 4, 6, 7, 999])(
    'W-054 FIELD with slot %i, which has no field, as a fill is COMPRESSION',
    (slot) => {
      const run = () => prepared().run({ block: 6, ops: [FIELD(slot), TEXT], texts: ['/'] });
      expect(failure(run)).toBe('COMPRESSION W-054');
    },
  );

  test.each([5, 9, 4 * 4 + 1, 11, 15, 23, 27, 2 ** 32 - 1])(
    'W-058 %i is no fill: PROTOCOL',
    (op) => {
      const run = () =>
        prepared().run({ block: 6, ops: [op, TEXT], texts: ['a', 'b'], blobs: ['c'] });
      expect(failure(run)).toBe('PROTOCOL W-058');
    },
  );

  test('W-058 too few fills and too many are PROTOCOL', () => {
    expect(failure(() => prepared().run({ block: 6, ops: [TEXT], texts: ['GET'] }))).toBe(
      'PROTOCOL W-055',
    );
    expect(
      failure(() => prepared().run({ block: 6, ops: [TEXT, TEXT, TEXT], texts: ['G', '/', 'v'] })),
    ).toBe('PROTOCOL W-058');
    expect(
      failure(() => prepared().run({ block: 6, ops: [...DROP(4), TEXT, 19], texts: ['G', '/'] })),
    ).toMatch(/^PROTOCOL/);
  });

  test('W-058 keep together with block is PROTOCOL', () => {
    expect(failure(() => prepared().run({ block: 6, texts: ['GET', '/'], keep: 7 }))).toBe(
      'PROTOCOL W-058',
    );
  });

  test('a block of a response, and of trailers, is the same object each time', () => {
    const receiver = new Receiver();
    const both = () => receiver.sink.heads.slice(-2);
    receiver.decoder.decode(undefined, responseOf({ ops: STORE(2, 4), texts: ['200'], keep: 5 }));
    for (let i = 0; i < 2; i++) receiver.decoder.decode(undefined, responseOf({ block: 5 }));
    expect(both()[0]).toBe(both()[1]);
    receiver.decoder.decode(
      undefined,
      trailersOf({ ops: [...NAME(6), ...STORE(6, 7)], texts: ['x', 'y'], keep: 8 }),
    );
    receiver.decoder.decode(undefined, trailersOf({ block: 8 }));
    expect(receiver.sink.said.at(-1)).toEqual({ kind: 'trailers', id: 1, fields: ['x', 'y'] });
  });
});

describe('W-059 a flawed head keeps the tables equal', () => {
  test.each([
    ['without a path', [...STORE(0, 20), ...NAME(21), ...STORE(21, 22)], ['GET', 'n', 'v']],
    [
      'with an illegal value',
      [...START, ...NAME(21), ...STORE(21, 22), LITERAL],
      ['GET', '/', 'n', 'v', 'x', '\n'],
    ],
    [
      'with too many fields',
      [...START, ...NAME(21), ...STORE(21, 22), ...new Array(101).fill(FIELD(22))],
      ['GET', '/', 'n', 'v'],
    ],
    [
      'with a name that is too long',
      [...START, LITERAL, ...NAME(21), ...STORE(21, 22)],
      ['GET', '/', 'x'.repeat(257), '', 'n', 'v'],
    ],
  ])('%s', (_, ops, texts) => {
    const receiver = new Receiver();
    expect(receiver.run({ ops, texts, keep: 23 })?.kind).toBe('flawed');
    const next = receiver.fields({
      ops: [...START, FIELD(22), VALUE(21)],
      texts: [...GET.texts, 'w'],
    });
    expect(next).toEqual(['GET', '/', 'n', 'v', 'n', 'w']);
    receiver.run({ ops: [...START, ...DROP(23)], texts: GET.texts });
  });

  test('a block of a flawed head is flawed where its fixed part is, not for what was in its holes', () => {
    const receiver = prepared();
    expect(receiver.flaw({ ops: [...START, VALUE(4)], texts: [...GET.texts, '\n'], keep: 7 })).toBe(
      'PROTOCOL',
    );
    expect(receiver.fields({ block: 7, texts: ['GET', '/', 'good'] })).toEqual([
      'GET',
      '/',
      'x',
      'good',
    ]);
    expect(receiver.flaw({ block: 7, texts: ['GET', '/', ' bad'] })).toBe('PROTOCOL');
    expect(
      receiver.flaw({ block: 7, ops: [TEXT, TEXT, FILL_STORE(9)], texts: ['GET', '/', '\0'] }),
    ).toBe('PROTOCOL');
    expect(receiver.flaw({ block: 7, ops: [TEXT, TEXT, FIELD(9)], texts: ['GET', '/'] })).toBe(
      'PROTOCOL',
    );
    expect(receiver.flaw({ ops: [...START, FIELD(9)], texts: GET.texts, keep: 8 })).toBe(
      'PROTOCOL',
    );
    expect(receiver.flaw({ block: 8, texts: GET.texts })).toBe('PROTOCOL');
    expect(receiver.flaw({ ops: [...START, FIELD(5)], texts: GET.texts })).toBe('fine');
  });
});
