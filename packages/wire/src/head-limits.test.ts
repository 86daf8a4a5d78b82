import { describe, expect, test } from 'vitest';
import {
  BatchDecoder,
  DEFAULT_LIMITS,
  Fields,
  portableBytes,
  RequestHead,
  ResponseHead,
} from './index.ts';
import { failure, thrown } from './test/errors.ts';
import { GET, type Program, Receiver, requestOf, responseOf, trailersOf } from './test/heads.ts';
import { bytesOf, Collector, newEncoder, Pipe } from './test/records.ts';

const LITERAL = 3;

/** What a receiver makes of a batch: "fine", the code of the flaw, or the error of the link. */
function receive(batch: Uint8Array, limits = {}): string {
  const sink = new Collector();
  const decoder = new BatchDecoder(portableBytes, { ...DEFAULT_LIMITS, ...limits }, sink);
  try {
    decoder.decode(undefined, batch);
  } catch (error) {
    return `link ${failure(() => {
      throw error;
    })}`;
  }
  const [said] = sink.said;
  return said?.kind === 'flawed' ? said.code : 'fine';
}

/** What a sender makes of a head: "fine" when a receiver gets it as it is, else the code. */
function send(head: RequestHead | ResponseHead | Fields, limits = {}): string {
  const pipe = new Pipe(limits);
  const { encoder } = pipe;
  const say = () => {
    if (head instanceof RequestHead) encoder.request(1, head, undefined, false, 0);
    else if (head instanceof ResponseHead) encoder.response(1, head, undefined, false);
    else encoder.trailers(1, head);
  };
  try {
    say();
  } catch (error) {
    const { code, processed } = thrown(() => {
      throw error;
    });
    expect(processed).toBe('no');
    expect(encoder.size).toBe(0);
    return code;
  }
  const [said] = pipe.flush().said;
  expect(said?.kind).not.toBe('flawed');
  return 'fine';
}

/** A request GET / with the fields given, name and value in turn. */
function withFields(fields: readonly string[]): Program {
  const ops = [...GET.ops, ...new Array(fields.length / 2).fill(LITERAL)];
  return { ops, texts: [...GET.texts, ...fields] };
}

/** GET / counts 7 + 3 + 32 and 5 + 1 + 32. */
const GET_SIZE = 80;

describe('W-061 what a head starts with', () => {
  const [method, path, status, reason] = [1, 5, 9, 13];
  test.each([
    ['a method and a path', [method, path], ['GET', '/'], 'fine'],
    ['nothing', [], [], 'PROTOCOL'],
    ['a method alone', [method], ['GET'], 'PROTOCOL'],
    ['a path alone', [path], ['/'], 'PROTOCOL'],
    ['a path and a method', [path, method], ['/', 'GET'], 'PROTOCOL'],
    ['two methods', [method, method, path], ['GET', 'GET', '/'], 'PROTOCOL'],
    ['a method, a path and a method', [method, path, method], ['GET', '/', 'GET'], 'PROTOCOL'],
    ['two paths', [method, path, path], ['GET', '/', '/'], 'PROTOCOL'],
    ['a method, a path and a status', [method, path, status], ['GET', '/', '200'], 'PROTOCOL'],
    ['a method, a path and a reason', [method, path, reason], ['GET', '/', 'OK'], 'PROTOCOL'],
    ['a field before the path', [method, LITERAL, path], ['GET', 'a', 'b', '/'], 'PROTOCOL'],
    ['a field that is called :path', [method, LITERAL], ['GET', ':path', '/'], 'fine'],
    [
      'a field that is called :other',
      [method, path, LITERAL],
      ['GET', '/', ':other', '/'],
      'PROTOCOL',
    ],
    ['a status', [status], ['200'], 'PROTOCOL'],
  ])('a request with %s', (_, ops, texts, expected) => {
    expect(receive(requestOf({ ops, texts }))).toBe(expected);
  });

  test.each([
    ['a status', [status], ['200'], 'fine'],
    ['a status and a reason', [status, reason], ['200', 'Fine'], 'fine'],
    ['a status and an empty reason', [status, reason], ['200', ''], 'fine'],
    ['nothing', [], [], 'PROTOCOL'],
    ['a reason alone', [reason], ['Fine'], 'PROTOCOL'],
    ['a reason and a status', [reason, status], ['Fine', '200'], 'PROTOCOL'],
    ['two statuses', [status, status], ['200', '200'], 'PROTOCOL'],
    ['two reasons', [status, reason, reason], ['200', 'a', 'b'], 'PROTOCOL'],
    ['a field before the reason', [status, LITERAL, reason], ['200', 'a', 'b', 'c'], 'PROTOCOL'],
    ['a method', [status, method], ['200', 'GET'], 'PROTOCOL'],
  ])('a response with %s', (_, ops, texts, expected) => {
    expect(receive(responseOf({ ops, texts }))).toBe(expected);
  });

  test.each([method, path, status, reason])('trailers with pseudo field %i: PROTOCOL', (op) => {
    expect(receive(trailersOf({ ops: [op], texts: ['200'] }))).toBe('PROTOCOL');
    expect(receive(trailersOf({ ops: [LITERAL], texts: ['a', '200'] }))).toBe('fine');
  });
});

describe('W-062 which bytes may stand where', () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;
  const value = /^[\t\x20-\x7e\x80-\xff]$/;
  const target = /^[\x21-\x7e\x80-\xff]$/;
  /** Checks all 256 bytes at the start, in the middle and at the end of a text, on both sides. */
  const check = (
    legal: (text: string) => boolean,
    receiveOne: (text: string) => string,
    sendOne: (text: string) => string,
  ) => {
    for (const char of all) {
      for (const text of [char, `${char}a`, `a${char}a`, `a${char}`]) {
        const shown = JSON.stringify(text);
        expect(`${shown} ${receiveOne(text)}`).toBe(
          `${shown} ${legal(text) ? 'fine' : 'PROTOCOL'}`,
        );
        expect(`${shown} ${sendOne(text)}`).toBe(
          `${shown} ${legal(text) ? 'fine' : 'INVALID_ARGUMENT'}`,
        );
      }
    }
  };
  const each = (pattern: RegExp) => (text: string) => [...text].every((char) => pattern.test(char));
  const isValue = (text: string) => each(value)(text) && !/^[\t ]|[\t ]$/.test(text);

  test('names of fields', () => {
    check(
      each(token),
      (text) => receive(requestOf(withFields([text, 'v']))),
      (text) => send(new RequestHead('GET', '/', new Fields([text, 'v']))),
    );
  });

  test('names of trailers', () => {
    check(
      each(token),
      (text) => receive(trailersOf({ ops: [LITERAL], texts: [text, ''] })),
      (text) => send(new Fields([text, ''])),
    );
  });

  test('values', () => {
    check(
      isValue,
      (text) => receive(requestOf(withFields(['n', text]))),
      (text) => send(new RequestHead('GET', '/', new Fields(['n', text]))),
    );
  });

  test('methods', () => {
    check(
      each(token),
      (text) => receive(requestOf({ ops: [1, 5], texts: [text, '/'] })),
      (text) => send(new RequestHead(text, '/')),
    );
  });

  test('paths', () => {
    check(
      each(target),
      (text) => receive(requestOf({ ops: [1, 5], texts: ['GET', text] })),
      (text) => send(new RequestHead('GET', text)),
    );
  });

  test('reasons', () => {
    check(
      isValue,
      (text) => receive(responseOf({ ops: [9, 13], texts: ['200', text] })),
      (text) => send(new ResponseHead(200, Fields.empty, text)),
    );
  });

  test('statuses: three digits, 100 to 599', () => {
    const status = (text: string) => receive(responseOf({ ops: [9], texts: [text] }));
    for (let number = 0; number <= 1000; number++) {
      const expected = number >= 100 && number <= 599;
      expect([number, status(String(number))]).toEqual([number, expected ? 'fine' : 'PROTOCOL']);
      expect([number, send(new ResponseHead(number))]).toEqual([
        number,
        expected ? 'fine' : 'INVALID_ARGUMENT',
      ]);
    }
    for (const char of all) {
      if (/\d/.test(char)) continue;
      for (const text of [`${char}00`, `2${char}0`, `20${char}`, `200${char}`, `${char}200`]) {
        expect(status(text)).toBe('PROTOCOL');
      }
    }
    for (const odd of [200.5, -200, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(send(new ResponseHead(odd))).toBe('INVALID_ARGUMENT');
    }
  });

  test('empty: a value and a reason may be, a name, a method and a path may not', () => {
    expect(receive(requestOf(withFields(['n', ''])))).toBe('fine');
    expect(receive(requestOf(withFields(['', 'v'])))).toBe('PROTOCOL');
    expect(receive(requestOf({ ops: [1, 5], texts: ['', '/'] }))).toBe('PROTOCOL');
    expect(receive(requestOf({ ops: [1, 5], texts: ['GET', ''] }))).toBe('PROTOCOL');
    expect(send(new RequestHead('', '/'))).toBe('INVALID_ARGUMENT');
    expect(send(new RequestHead('GET', ''))).toBe('INVALID_ARGUMENT');
    expect(send(new RequestHead('GET', '/', new Fields(['', 'v'])))).toBe('INVALID_ARGUMENT');
  });

  test('characters above U+00FF are not sent', () => {
    expect(send(new RequestHead('GET', '/\u0141'))).toBe('INVALID_ARGUMENT');
    expect(send(new RequestHead('GET', '/', new Fields(['n', '\u010a'])))).toBe('INVALID_ARGUMENT');
    expect(send(new ResponseHead(200, Fields.empty, '\u{1f995}'))).toBe('INVALID_ARGUMENT');
  });

  test('a hole of a block is checked each time, on both sides', () => {
    const pipe = new Pipe();
    const say = (value: string, path = '/') =>
      pipe.encoder.request(
        pipe.sink.heads.length + 1,
        new RequestHead('GET', path, new Fields(['n', value])),
        undefined,
        false,
        0,
      );
    for (const [index, path] of ['/a', '/b', '/c'].entries()) {
      say(`v${index}`, path);
      pipe.flush();
    }
    expect(thrown(() => say('a\r\nb')).code).toBe('INVALID_ARGUMENT');
    expect(thrown(() => say(' v')).code).toBe('INVALID_ARGUMENT');
    expect(thrown(() => say('v', '/a b')).code).toBe('INVALID_ARGUMENT');
    expect(thrown(() => say('v', '')).code).toBe('INVALID_ARGUMENT');
    say('fine', '/d');
    expect(pipe.flush().said).toMatchObject([{ path: '/d', fields: ['n', 'fine'] }]);
  });
});

describe('W-063 sizes', () => {
  /** limit - 1, limit, limit + 1 and 100 times the limit. */
  const around = (limit: number) => [limit - 1, limit, limit + 1, 100 * limit];
  const ample = { headBytes: 10_000_000, fields: 100_000 };

  test.each(around(256))('a name of %i bytes against 256', (length) => {
    const expected = length <= 256 ? 'fine' : 'HEAD_LIMIT';
    const name = 'n'.repeat(length);
    expect(receive(requestOf(withFields([name, ''])), ample)).toBe(expected);
    expect(send(new RequestHead('GET', '/', new Fields([name, ''])), ample)).toBe(expected);
  });

  test.each(around(16_384))(
    'a value, a reason and a method of %i bytes against 16384',
    (length) => {
      const expected = length <= 16_384 ? 'fine' : 'HEAD_LIMIT';
      const value = 'v'.repeat(length);
      expect(receive(requestOf(withFields(['n', value])), ample)).toBe(expected);
      expect(receive(responseOf({ ops: [9, 13], texts: ['200', value] }), ample)).toBe(expected);
      expect(receive(requestOf({ ops: [1, 5], texts: [value, '/'] }), ample)).toBe(expected);
      expect(send(new RequestHead('GET', '/', new Fields(['n', value])), ample)).toBe(expected);
      expect(send(new ResponseHead(200, Fields.empty, value), ample)).toBe(expected);
      expect(send(new RequestHead(value, '/'), ample)).toBe(expected);
    },
  );

  test.each(around(8192))('a path of %i bytes against 8192', (length) => {
    const expected = length <= 8192 ? 'fine' : 'HEAD_LIMIT';
    const path = '/'.repeat(length);
    expect(receive(requestOf({ ops: [1, 5], texts: ['GET', path] }), ample)).toBe(expected);
    expect(send(new RequestHead('GET', path), ample)).toBe(expected);
  });

  test.each(around(100))('%i fields against 100; pseudo fields do not count', (count) => {
    const expected = count <= 100 ? 'fine' : 'HEAD_LIMIT';
    const fields = new Array(count * 2).fill('f');
    const limits = { headBytes: 10_000_000 };
    expect(receive(requestOf(withFields(fields)), limits)).toBe(expected);
    expect(
      receive(
        responseOf({ ops: [9, ...new Array(count).fill(LITERAL)], texts: ['200', ...fields] }),
        limits,
      ),
    ).toBe(expected);
    expect(send(new RequestHead('GET', '/', new Fields(fields)), limits)).toBe(expected);
    expect(send(new ResponseHead(200, new Fields(fields)), limits)).toBe(expected);
  });

  test.each(around(32))('%i trailers against 32', (count) => {
    const fields = new Array(count * 2).fill('f');
    const program = { ops: new Array(count).fill(LITERAL), texts: fields };
    expect(receive(trailersOf(program), ample)).toBe(count <= 32 ? 'fine' : 'PROTOCOL');
    expect(send(new Fields(fields), ample)).toBe(count <= 32 ? 'fine' : 'HEAD_LIMIT');
  });

  test('trailers keep to the limit of fields where that is lower', () => {
    const program = { ops: [LITERAL, LITERAL], texts: ['a', 'b', 'c', 'd'] };
    expect(receive(trailersOf(program), { fields: 1 })).toBe('HEAD_LIMIT');
    expect(send(new Fields(program.texts), { fields: 1 })).toBe('HEAD_LIMIT');
    expect(send(new Fields(program.texts), { fields: 2 })).toBe('fine');
  });

  test.each([
    [999, 'fine'],
    [1000, 'fine'],
    [1001, 'HEAD_LIMIT'],
    [4000, 'HEAD_LIMIT'],
    [4001, 'link HEAD_LIMIT W-063'],
    [100_000, 'link HEAD_LIMIT W-063'],
  ])('a head of %i bytes against 1000: %s', (size, expected) => {
    const limits = { headBytes: 1000, fields: 1000, tableBytes: 1_000_000 };
    const value = 'v'.repeat(100);
    const fields: string[] = [];
    let rest = size - GET_SIZE;
    for (; rest > 400; rest -= 133) fields.push('n', value);
    fields.push('n', 'v'.repeat(rest - 33));
    expect(receive(requestOf(withFields(fields)), limits)).toBe(expected);
    const sent = expected === 'fine' ? 'fine' : 'HEAD_LIMIT';
    expect(send(new RequestHead('GET', '/', new Fields(fields)), limits)).toBe(sent);

    // The same by reference, and filled into a block: references count in full.
    const small = new Receiver(limits);
    small.run({ ops: [...GET.ops, 7, 4, 4 * 4 + 2, 5], texts: [...GET.texts, 'n', value] });
    const ops = [...GET.ops, ...new Array((fields.length - 2) / 2).fill(4 * 5), 4 * 4 + 1];
    const texts = [...GET.texts, fields.at(-1) ?? ''];
    const outcome = (run: () => string) => {
      try {
        return run();
      } catch (error) {
        return `link ${failure(() => {
          throw error;
        })}`;
      }
    };
    expect(outcome(() => small.flaw({ ops, texts }))).toBe(expected);
    const block = new Receiver(limits);
    block.run({ ops: [...GET.ops, LITERAL], texts: [...GET.texts, 'n', 'v'], keep: 4 });
    const hole = 'v'.repeat(size - GET_SIZE - 33);
    const filled = outcome(() => block.flaw({ block: 4, texts: [...GET.texts, hole] }));
    expect(filled).toBe(hole.length > 16_384 ? 'link HEAD_LIMIT W-063' : expected);
  });

  test('the sizes of responses and trailers count their own pseudo fields', () => {
    // 7 + 3 + 32; 7 + 4 + 32; 1 + 1 + 32
    const head = new ResponseHead(200, new Fields(['n', 'v']), 'Fine');
    const program = { ops: [9, 13, LITERAL], texts: ['200', 'Fine', 'n', 'v'] };
    for (const [headBytes, expected] of [
      [119, 'fine'],
      [118, 'HEAD_LIMIT'],
    ] as const) {
      expect(receive(responseOf(program), { headBytes })).toBe(expected);
      expect(send(head, { headBytes })).toBe(expected);
    }
    for (const [headBytes, expected] of [
      [76, 'fine'],
      [75, 'HEAD_LIMIT'],
    ] as const) {
      expect(send(new ResponseHead(200, new Fields(['n', 'v'])), { headBytes })).toBe(expected);
    }
    for (const [headBytes, expected] of [
      [34, 'fine'],
      [33, 'HEAD_LIMIT'],
    ] as const) {
      expect(receive(trailersOf({ ops: [LITERAL], texts: ['n', 'v'] }), { headBytes })).toBe(
        expected,
      );
      expect(send(new Fields(['n', 'v']), { headBytes })).toBe(expected);
    }
  });

  test('what fills holes counts with the rest before it is sent', () => {
    const limits = { headBytes: 1000, tableBytes: 100_000 };
    const pipe = new Pipe(limits);
    const say = (value: string) =>
      pipe.encoder.request(
        pipe.sink.heads.length + 1,
        new RequestHead('GET', '/', new Fields(['a', value, 'b', value])),
        undefined,
        false,
        0,
      );
    for (const value of ['1', '2', '3']) {
      say(value);
      pipe.flush();
    }
    const most = (1000 - GET_SIZE - 66) / 2;
    expect(thrown(() => say('v'.repeat(most + 1))).code).toBe('HEAD_LIMIT');
    say('v'.repeat(most));
    expect(pipe.flush().said).toMatchObject([{ kind: 'request' }]);
  });
});

describe('a head that is refused', () => {
  test('leaves batch, ids and table as they were', () => {
    const refused = newEncoder();
    const other = newEncoder();
    const good = (id: number, path: string) =>
      new RequestHead('GET', path, new Fields(['x-a', `${id}`, 'cookie', 'c=1']));
    const bad = [
      new RequestHead('GET', '/', new Fields(['x-new', 'fine', 'x-bad', '\n'])),
      new RequestHead('G T', '/'),
      new RequestHead('GET', '/', new Fields(['x-a', 'v'.repeat(20_000), 'cookie', 'c=1'])),
      new RequestHead('GET', '/', new Fields(new Array(202).fill('f'))),
    ];
    for (let id = 1; id < 9; id++) {
      for (const head of bad) {
        expect(() => refused.request(id, head, bytesOf('body'), false, 5)).toThrow();
        expect(() => refused.response(id + 7, new ResponseHead(700), undefined, false)).toThrow();
        expect(() => refused.trailers(id, new Fields(['a', '\0']))).toThrow();
      }
      for (const encoder of [refused, other]) {
        encoder.request(id, good(id, `/${id % 3}`), undefined, false, 0);
        encoder.response(id, new ResponseHead(200, new Fields(['x', 'y'])), undefined, false);
      }
    }
    expect(refused.records.bytes.slice(0, refused.records.position)).toEqual(
      other.records.bytes.slice(0, other.records.position),
    );
    expect(refused.blobs.bytes.slice(0, refused.blobs.position)).toEqual(
      other.blobs.bytes.slice(0, other.blobs.position),
    );
  });
});
