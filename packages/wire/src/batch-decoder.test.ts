import { describe, expect, test } from 'vitest';
import { BatchDecoder, DEFAULT_LIMITS, MAX_ID, portableBytes } from './index.ts';
import { failure } from './test/errors.ts';
import { GET, headFields, requestOf, responseOf } from './test/heads.ts';
import { concat, field, hex, varint } from './test/hex.ts';
import { bytesOf, Collector } from './test/records.ts';

/** Decodes batches one behind the other, as `packed`. */
function decode(...batches: readonly Uint8Array[]): Collector {
  const sink = new Collector();
  const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, sink);
  for (const batch of batches) decoder.decode(undefined, batch);
  return sink;
}

function fails(source: string): string {
  return failure(() => decode(hex(source)));
}

/** A record of a kind with the fields of its message. */
function record(tag: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return field(0x0a, field(tag, ...fields));
}

/** A whole request GET / with further fields. */
function request(...more: readonly Uint8Array[]): Uint8Array {
  return record(0x0a, headFields(GET), ...more);
}

function response(...more: readonly Uint8Array[]): Uint8Array {
  return record(0x12, headFields({ ops: [9], texts: ['200'] }), ...more);
}

const id = (value: number) => concat(hex('08'), varint(value));

describe('literal batches', () => {
  test('every kind of record is read from its bytes', () => {
    const sink = decode(
      hex(`
        0a 18               // record
           0a 16            //   request
              08 05         //     id 5
              1a 02 01 05   //     ops: VALUE 0 (:method), VALUE 1 (:path)
              22 03 'GET'   //     text
              22 01 '/'     //     text
              32 02 'hi'    //     body
              48 64         //     timeout_ms 100
              50 01         //     one_way
        0a 0e               // record
           12 0c            //   response
              08 05         //     id 5
              1a 01 09      //     ops: VALUE 2 (:status)
              22 03 '204'   //     text
              38 00         //     more: false, written out
        0a 0b               // record
           1a 09            //   data
              08 05         //     id 5
              12 03 'abc'   //     bytes
              18 01         //     end
        0a 0c               // record
           22 0a            //   trailers
              08 05         //     id 5
              1a 01 03      //     ops: LITERAL
              22 01 'x'     //     text
              22 00         //     text
      `),
      hex(`
        0a 07 2a 05 08 05 10 80 01 // credit of 128 for stream 5
        0a 04 2a 02 10 01          // credit of 1 for the link
        0a 0c 32 0a 08 05 10 08 18 01 22 02 'ho' // cancel 5, CANCEL, NO
        0a 04 3a 02 08 07          // ping 7
        0a 02 42 00                // pong 0
        0a 08 4a 06 08 05 10 01 20 01 // goaway, last_id 5, PROTOCOL, final
      `),
    );
    expect(sink.said).toEqual([
      {
        kind: 'request',
        id: 5,
        method: 'GET',
        path: '/',
        fields: [],
        body: 'hi',
        more: false,
        timeoutMs: 100,
        oneWay: true,
      },
      { kind: 'response', id: 5, status: 204, reason: '', fields: [], body: '', more: false },
      { kind: 'data', id: 5, body: 'abc', last: true },
      { kind: 'trailers', id: 5, fields: ['x', ''] },
      { kind: 'credit', id: 5, bytes: 128 },
      { kind: 'credit', id: 0, bytes: 1 },
      { kind: 'cancel', id: 5, code: 'CANCEL', processed: 'no', message: 'ho' },
      { kind: 'ping', token: 7 },
      { kind: 'pong', token: 0 },
      { kind: 'goaway', lastId: 5, code: 'PROTOCOL', final: true, message: '' },
    ]);
    expect(sink.glitches).toBe(0);
  });

  test('W-014 W-021 plain comes before packed', () => {
    const sink = new Collector();
    const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, sink);
    decoder.decode(hex('0a 04 3a 02 08 01'), hex('0a 04 3a 02 08 02'));
    expect(sink.said).toEqual([
      { kind: 'ping', token: 1 },
      { kind: 'ping', token: 2 },
    ]);
  });

  test('records before a fault have been given', () => {
    const sink = new Collector();
    const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, sink);
    expect(failure(() => decoder.decode(hex('0a 04 3a 02 08 01 0a'), undefined))).toBe(
      'PROTOCOL W-004',
    );
    expect(sink.said).toHaveLength(1);
  });
});

describe('bytes', () => {
  test.each([
    ['ff ff ff ff 0f', 2 ** 32 - 1],
    ['80 80 80 80 00', 0],
    ['81 80 80 80 00', 1],
    ['ff ff ff 7f', 2 ** 28 - 1],
    ['80 80 80 80 01', 2 ** 28],
  ])('W-001 %s is an integer', (bytes, token) => {
    const inner = concat(hex('08'), hex(bytes));
    expect(decode(record(0x3a, inner)).said).toEqual([{ kind: 'ping', token }]);
  });

  test.each([
    'ff ff ff ff 10',
    '80 80 80 80 10',
    '80 80 80 80 80 00',
    'ff ff ff ff ff ff ff ff ff 01',
    '80 80 80 80 80 80 80 80 80 00',
  ])('W-001 %s, above 2^32 - 1 or longer than five bytes, is PROTOCOL', (bytes) => {
    const inner = concat(hex('08'), hex(bytes));
    expect(failure(() => decode(record(0x3a, inner)))).toBe('PROTOCOL W-001');
  });

  test('W-001 an unknown field may have an integer of ten bytes, not of eleven', () => {
    expect(decode(record(0x3a, hex('78 ff ff ff ff ff ff ff ff ff 01'))).glitches).toBe(1);
    expect(failure(() => decode(record(0x3a, hex('78 80 80 80 80 80 80 80 80 80 80 00'))))).toBe(
      'PROTOCOL W-001',
    );
  });

  test.each([
    '0a 02 3b 00',
    '0a 02 3c 00',
    '0a 02 63 64',
    '0a 02 66 00',
    '0a 02 67 00',
    '02 00',
    '00 00',
    '0a 02 02 00',
    '0a 03 3a 01 03',
  ])(
    'W-002 %s has a group, a wire type that does not exist, or the number 0: PROTOCOL',
    (source) => {
      // Tags of known fields are refused for their wire type, which says the same.
      expect(fails(source)).toMatch(/^PROTOCOL W-00[23]$/);
    },
  );

  test.each([
    '08 01', // records as an integer
    '0a 02 08 01', // request as an integer
    '0a 05 5d 00 00 00 00', // blob as fixed32
    '0a 03 3a 01 0a', // token as bytes
    '0a 04 3a 02 0d 00', // token as fixed32
    '0a 04 2a 02 12 00', // credit.bytes as bytes
    '0a 04 32 02 20 00', // cancel.message as an integer
    '0a 04 4a 02 22 00', // goaway.final as bytes
    '0a 04 1a 02 10 00', // data.bytes as an integer
    '0a 04 0a 02 0a 00', // request.id as bytes
    '0a 04 0a 02 12 00', // block as bytes
    '0a 04 0a 02 20 00', // text as an integer
    '0a 04 0a 02 3a 00', // more as bytes
    '0a 04 0a 02 4a 00', // timeout_ms as bytes
    '0a 04 12 02 42 00', // response.body_blob as bytes
    '0a 04 22 02 2a 00', // trailers.keep as bytes
    '0a 04 52 02 0a 00', // hello.version as bytes
    '0a 04 52 02 18 00', // hello.limits as an integer
  ])('W-003 %s has a known field of another wire type: PROTOCOL', (source) => {
    expect(fails(source)).toBe('PROTOCOL W-003');
  });

  test('W-003 what is another message’s field is unknown', () => {
    expect(decode(record(0x22, id(1), hex("32 01 'b' 38 01 40 01"))).glitches).toBe(3);
    expect(decode(response(hex('48 01 50 01'))).glitches).toBe(2);
    expect(decode(request(hex('78 01 58 01'))).glitches).toBe(2);
  });

  test('W-003 ops may stand packed or not, and mixed', () => {
    const whole = record(0x0a, hex("18 01 1a 01 05 18 03 22 01 'G' 22 01 '/' 22 01 'n' 22 01 'v'"));
    expect(decode(whole).said).toMatchObject([{ method: 'G', path: '/', fields: ['n', 'v'] }]);
  });

  test.each([
    '0a',
    '0a 01',
    '0a 80',
    '0a 02 3a',
    '0a 02 3a 01',
    '0a 03 3a 02 08',
    '0a 04 3a 01 08 01',
    '0a 03 3a 01 08',
    '0a 04 1a 02 12 01',
    '0a 05 0a 03 1a 01 80',
    '0a 05 0a 03 22 02 41',
    '0a 02 3a 80',
  ])('W-004 %s ends inside a field or reaches beyond its message: PROTOCOL', (source) => {
    expect(fails(source)).toMatch(/^PROTOCOL W-00[45]$/);
  });

  test('W-005 of a singular field that stands twice the last one counts', () => {
    expect(decode(hex('0a 06 3a 04 08 01 08 02')).said).toEqual([{ kind: 'ping', token: 2 }]);
    const twice = request(hex("32 03 'one' 32 01 '2' 48 05 48 06"));
    expect(decode(twice).said).toMatchObject([{ body: '2', timeoutMs: 6 }]);
  });

  test('W-005 a record with two kinds, or one twice, is PROTOCOL', () => {
    expect(fails('0a 04 3a 00 42 00')).toBe('PROTOCOL W-005');
    expect(fails('0a 04 3a 00 3a 00')).toBe('PROTOCOL W-005');
    expect(fails('0a 06 3a 00 78 01 5a 00')).toBe('PROTOCOL W-005');
  });

  test('W-006 bytes of names, values and paths are characters; messages are UTF-8', () => {
    const head = { ops: [1, 5, 3], texts: ['GET', '/\xff', 'x', 'a\x80\xff'] };
    expect(decode(requestOf(head)).said).toMatchObject([
      { path: '/\xff', fields: ['x', 'a\x80\xff'] },
    ]);
    const cancel = record(0x32, id(1), hex('22 03 e2 82 ac'));
    expect(decode(cancel).said).toMatchObject([{ message: '€' }]);
  });

  test('a message is kept up to 1024 bytes', () => {
    const cancel = record(0x32, id(1), field(0x22, bytesOf('m'.repeat(5000))));
    expect(decode(cancel).said).toMatchObject([{ message: 'm'.repeat(1024) }]);
  });
});

describe('ids', () => {
  const at = (value: number) => request(id(value));

  test('W-030 an id left out is one more than the last', () => {
    const sink = decode(concat(request(), request(), at(9), request(id(0))));
    expect(sink.said.map((said) => 'id' in said && said.id)).toEqual([1, 2, 9, 10]);
  });

  test.each([
    [5, 5],
    [5, 4],
    [1, 1],
  ])('W-030 after request %i, request %i is PROTOCOL', (first, second) => {
    expect(failure(() => decode(at(first), at(second)))).toBe('PROTOCOL W-030');
  });

  test('W-030 2^30 is the highest id; above it, said or implied, is PROTOCOL', () => {
    expect(decode(at(MAX_ID)).said).toMatchObject([{ id: MAX_ID }]);
    expect(failure(() => decode(at(MAX_ID + 1)))).toBe('PROTOCOL W-030');
    expect(failure(() => decode(at(2 ** 32 - 1)))).toBe('PROTOCOL W-030');
    expect(failure(() => decode(at(MAX_ID), request()))).toBe('PROTOCOL W-030');
  });

  test('W-030 a flawed request has taken its id', () => {
    const flawed = requestOf({ ops: [1, 5], texts: ['GET', ''] });
    expect(decode(flawed, request()).said).toMatchObject([{ kind: 'flawed', id: 1 }, { id: 2 }]);
  });

  test('W-031 a response’s id left out is one more than that of the response before; ids may fall', () => {
    const sink = decode(
      concat(response(), response(), response(id(9)), response(), response(id(3)), response()),
    );
    expect(sink.said.map((said) => 'id' in said && said.id)).toEqual([1, 2, 9, 10, 3, 4]);
    expect(failure(() => decode(response(id(MAX_ID + 1))))).toBe('PROTOCOL W-030');
    expect(failure(() => decode(response(id(MAX_ID)), response()))).toBe('PROTOCOL W-030');
  });

  test.each([0x1a, 0x22, 0x32])(
    'W-030 a record of tag %i for stream 0 or above 2^30 is PROTOCOL',
    (tag) => {
      expect(failure(() => decode(record(tag)))).toBe('PROTOCOL W-030');
      expect(failure(() => decode(record(tag, id(MAX_ID + 1))))).toBe('PROTOCOL W-030');
      expect(decode(record(tag, id(MAX_ID))).said).toMatchObject([{ id: MAX_ID }]);
    },
  );
});

describe('bodies', () => {
  const body = (length: number) => field(0x32, new Uint8Array(length));
  const data = (length: number) => record(0x1a, id(1), field(0x12, new Uint8Array(length)));

  test.each([
    [65_535, true],
    [65_536, true],
    [65_537, false],
    [900_000, false],
  ])('W-040 a body of %i bytes in its head’s record: %s', (length, fine) => {
    for (const whole of [request(body(length)), response(body(length))]) {
      const [said] = decode(whole).said;
      if (fine) expect(said && 'body' in said && said.body.length).toBe(length);
      else expect(said).toMatchObject({ kind: 'flawed', code: 'BODY_LIMIT' });
    }
  });

  test.each([
    [16_383, true],
    [16_384, true],
    [16_385, false],
    [1_000_000, false],
  ])('W-041 data of %i bytes: %s', (length, fine) => {
    if (fine) {
      const [said] = decode(data(length)).said;
      expect(said?.kind === 'data' && said.body.length).toBe(length);
    } else expect(failure(() => decode(data(length)))).toBe('PROTOCOL W-041');
  });

  test('W-032 a body where more follows is a flaw of the stream', () => {
    const flawed = [{ kind: 'flawed', id: 1, code: 'PROTOCOL' }];
    expect(decode(request(body(1), hex('38 01'))).said).toMatchObject(flawed);
    expect(decode(response(body(1), hex('38 01'))).said).toMatchObject(flawed);
    expect(decode(request(body(0), hex('38 01'))).said).toMatchObject([{ more: true }]);
  });

  test.each([
    ['100', true],
    ['199', true],
    ['101', false],
    ['200', false],
  ])('W-033 a response %s with a body or more: a flaw is %s', (status, flawed) => {
    for (const extra of [body(1), hex('38 01')]) {
      const whole = record(0x12, headFields({ ops: [9], texts: [status] }), extra);
      expect(decode(whole).said[0]?.kind).toBe(flawed ? 'flawed' : 'response');
    }
    const plain = responseOf({ ops: [9], texts: [status] });
    expect(decode(plain).said).toMatchObject([{ kind: 'response', status: Number(status) }]);
  });

  test('W-095 empty data without end, credit of 0 and empty records are charged', () => {
    const sink = decode(record(0x1a, id(1)), record(0x2a, id(1)), hex('0a 00'));
    expect(sink.glitches).toBe(3);
    expect(sink.said).toEqual([{ kind: 'data', id: 1, body: '', last: false }]);
    expect(decode(record(0x1a, id(1), hex('18 01'))).glitches).toBe(0);
  });
});

describe('blobs', () => {
  const blob = (text: string) => record(0x5a, bytesOf(text));
  const run = (plain: Uint8Array, packed: Uint8Array) => {
    const sink = new Collector();
    new BatchDecoder(portableBytes, DEFAULT_LIMITS, sink).decode(plain, packed);
    return sink.said;
  };

  test('W-064 blobs are taken in order, by heads first and then by their bodies', () => {
    const head = headFields({ ops: [1, 5, 7, 4, 11, 4], texts: ['GET', '/', 'cookie'] });
    const said = run(
      concat(blob('a=1'), blob('the body'), blob('data')),
      concat(record(0x0a, head, hex('40 01')), record(0x1a, id(1), hex('20 01'))),
    );
    expect(said).toMatchObject([
      { fields: ['cookie', 'a=1'], body: 'the body' },
      { kind: 'data', body: 'data' },
    ]);
  });

  test('W-064 records of plain may take a blob that stands before them', () => {
    expect(run(concat(blob('x'), record(0x1a, id(1), hex('20 01'))), hex(''))).toMatchObject([
      { body: 'x' },
    ]);
    const late = concat(record(0x1a, id(1), hex('20 01')), blob('x'));
    expect(failure(() => run(late, hex('')))).toBe('PROTOCOL W-064');
  });

  test('W-064 a blob that is wanted and not there, is left over, or stands in packed is PROTOCOL', () => {
    const wants = record(0x1a, id(1), hex('20 01'));
    expect(failure(() => run(hex(''), wants))).toBe('PROTOCOL W-064');
    expect(failure(() => run(concat(blob('a'), blob('b')), wants))).toBe('PROTOCOL W-064');
    expect(failure(() => run(hex(''), blob('a')))).toBe('PROTOCOL W-064');
  });

  test('W-064 blobs do not outlive their envelope', () => {
    const decoder = new BatchDecoder(portableBytes, DEFAULT_LIMITS, new Collector());
    const wants = record(0x1a, id(1), hex('20 01'));
    decoder.decode(blob('a'), wants);
    expect(failure(() => decoder.decode(undefined, wants))).toBe('PROTOCOL W-064');
  });

  test('W-040 W-041 the limits hold for blobs', () => {
    const big = record(0x5a, new Uint8Array(70_000));
    expect(run(big, request(hex('40 01')))).toMatchObject([{ kind: 'flawed', code: 'BODY_LIMIT' }]);
    expect(failure(() => run(big, record(0x1a, id(1), hex('20 01'))))).toBe('PROTOCOL W-041');
  });

  test('W-059 W-064 a flawed head takes its blobs all the same', () => {
    const flawed = headFields({ ops: [5, 7, 4, 11, 4], texts: ['/', 'cookie'] });
    const said = run(
      concat(blob('a'), blob('b'), blob('c')),
      concat(record(0x0a, flawed, hex('40 01')), record(0x1a, id(9), hex('20 01'))),
    );
    expect(said).toMatchObject([{ kind: 'flawed' }, { kind: 'data', body: 'c' }]);
  });
});

describe('codes', () => {
  test('section 11: unknown codes are INTERNAL, unknown processed is maybe', () => {
    const cancel = (code: number, processed: number) =>
      decode(record(0x32, id(1), hex('10'), varint(code), hex('18'), varint(processed))).said[0];
    expect(cancel(0, 0)).toMatchObject({ code: 'NO_ERROR', processed: 'maybe' });
    expect(cancel(17, 2)).toMatchObject({ code: 'UNREACHABLE', processed: 'yes' });
    expect(cancel(18, 3)).toMatchObject({ code: 'INTERNAL', processed: 'maybe' });
    expect(cancel(2 ** 32 - 1, 2 ** 32 - 1)).toMatchObject({
      code: 'INTERNAL',
      processed: 'maybe',
    });
  });
});
