import { describe, expect, it } from 'vitest';
import { fieldsOnly, fill, get, type Head, op, STATUS, status } from '../craft/head.ts';
import { packOnce } from '../craft/packer.ts';
import {
  batch,
  blob,
  type Crafted,
  cancel,
  credit,
  data,
  goaway,
  ping,
  pong,
  request,
  response,
  trailers,
} from '../craft/record.ts';
import { brokenIn, type Lie, named, opened, packedEnvelope } from '../test/said-to-referee.ts';

const OK = response(status(200), { id: 1 });
const BEGUN = response(status(200), { id: 1, more: true });

function head(ops: Head['ops'], ...text: readonly string[]): Crafted {
  const ok = status(200);
  return response(
    { ops: [...(ok.ops ?? []), ...(ops ?? [])], text: [...(ok.text ?? []), ...text] },
    { id: 1 },
  );
}

const headLies: readonly Lie[] = [
  [
    'W-051',
    'a table that is too large',
    (link) => link.say(head([op.name(4)], 'x'.repeat(100))),
    { limits: { tableBytes: 131 } },
  ],
  ['W-052', 'a slot outside the table', (link) => link.say(head([op.name(2_048)], 'x'))],
  ['W-052', 'a slot that is taken for good', (link) => link.say(head([op.name(3)], 'x'))],
  ['W-054', 'an empty slot', (link) => link.say(head([op.field(9)]))],
  ['W-055', 'no operation', (link) => link.say(head([[23]]))],
  ['W-055', 'too few texts', (link) => link.say(head([op.literal()], 'x'))],
  ['W-055', 'too many texts', (link) => link.say(head([], 'x'))],
  [
    'W-058',
    'too few fills',
    (link) => {
      link.say(response({ ...status(200), keep: 5 }, { id: 1, more: true }));
      link.say(trailers(1, { block: 5, ops: [fill.drop(5)] }));
    },
  ],
  ['W-058', 'keep with block', (link) => link.say(response({ block: 5, keep: 6 }, { id: 1 }))],
  [
    'W-060',
    'a secret that went through the window',
    (link) => {
      const secret = head([op.literal()], 'Set-Cookie', 'sid=1');
      link.envelope(packedEnvelope([secret], packOnce(batch([secret]))));
    },
  ],
  [
    'W-060',
    'a secret that fills a hole through the window',
    (link) => {
      link.say(
        response(
          { ops: [op.value(STATUS), op.literal()], text: ['103', 'cookie', 'a'], keep: 5 },
          { id: 1 },
        ),
      );
      const filled = response({ block: 5, text: ['200', 'sid=1'] }, { id: 1 });
      link.envelope(packedEnvelope([filled], packOnce(batch([filled]))));
    },
  ],
  ['W-061', 'no :status', (link) => link.say(response(fieldsOnly([['a', 'b']]), { id: 1 }))],
  ['W-061', 'two :status', (link) => link.say(head([op.value(STATUS)], '200'))],
  ['W-062', 'a name that is no token', (link) => link.say(head([op.literal()], 'a b', 'c'))],
  ['W-062', 'a value with LF', (link) => link.say(head([op.literal()], 'a', 'b\nc'))],
  ['W-062', 'a value that ends with a space', (link) => link.say(head([op.literal()], 'a', 'b '))],
  ['W-062', 'status 099', (link) => link.say(response(status('099'), { id: 1 }))],
  [
    'W-063',
    'too many fields',
    (link) => link.say(head([op.literal(), op.literal()], 'a', 'b', 'c', 'd')),
    { limits: { fields: 1 } },
  ],
  [
    'W-063',
    'a head that is too large',
    (link) => link.say(head([op.literal()], 'a', 'b'.repeat(100))),
    { limits: { headBytes: 150 } },
  ],
  ['W-063', 'a name of 257 bytes', (link) => link.say(head([op.literal()], 'a'.repeat(257), 'b'))],
  [
    'W-063',
    '33 trailers',
    (link) => link.say(BEGUN, trailers(1, fieldsOnly(new Array(33).fill(['a', 'b'])))),
  ],
  ['W-064', 'a blob that is left over', (link) => link.say(blob('x'), OK)],
  [
    'W-064',
    'a blob that is not there',
    (link) => link.say(response(status(200), { id: 1, bodyBlob: true })),
  ],
  [
    'W-064',
    'a blob in packed',
    (link) => link.envelope(packedEnvelope([blob('x')], packOnce(batch([blob('x')])))),
  ],
  ['W-065', 'DROP of nothing', (link) => link.say(head([op.drop(9)]))],
];

const streamLies: readonly Lie[] = [
  ['W-023', 'a request', (link) => link.say(request(get('/')))],
  [
    'W-031',
    'a response that nobody asked for',
    (link) => link.say(response(status(200), { id: 2 })),
  ],
  ['W-031', 'a Cancel that nobody asked for', (link) => link.say(cancel(2))],
  ['W-031', 'Credit for what was never opened', (link) => link.say(credit(2, 1))],
  ['W-032', 'a second response', (link) => link.say(OK, OK)],
  [
    'W-032',
    'a head with a body and more',
    (link) => link.say(response(status(200), { id: 1, body: 'x', more: true })),
  ],
  ['W-032', 'Data behind the end', (link) => link.say(BEGUN, data(1, '', true), data(1, 'x'))],
  ['W-032', 'Data behind Trailers', (link) => link.say(BEGUN, trailers(1, {}), data(1, 'x'))],
  [
    'W-033',
    'an informational response with a body',
    (link) => link.say(response(status(103), { id: 1, body: 'x' })),
  ],
  ['W-035', 'NO_ERROR before the end', (link) => link.say(BEGUN, cancel(1, 'NO_ERROR', 'YES'))],
  ['W-039', 'Data before the response', (link) => link.say(data(1, 'x'))],
  [
    'W-040',
    'a body of 65,537 bytes',
    (link) => link.say(response(status(200), { id: 1, body: new Uint8Array(65_537) })),
  ],
  ['W-041', 'a Data of 16,385 bytes', (link) => link.say(BEGUN, data(1, new Uint8Array(16_385)))],
  [
    'W-042',
    "more than the stream's credit",
    (link) => link.say(BEGUN, data(1, 'ab'), data(1, 'cd')),
    { limits: { streamWindow: 3 } },
  ],
  [
    'W-042',
    "more than the link's credit",
    (link) => link.say(BEGUN, data(1, 'ab'), data(1, 'cd')),
    { limits: { linkWindow: 3 } },
  ],
  ['W-043', 'credit above 2^31 - 1', (link) => link.say(credit(0, 2 ** 31 - 1))],
  [
    'W-046',
    'a body beside body_blob',
    (link) => link.say(blob('x'), response(status(200), { id: 1, bodyBlob: true, body: 'y' })),
  ],
  ['W-091', 'Data behind its own Cancel', (link) => link.say(BEGUN, cancel(1), data(1, 'x'))],
  [
    'W-091',
    'Data behind a Cancel that it has read',
    (link) => {
      link.kit(cancel(1), ping(5));
      link.say(pong(5), BEGUN);
    },
  ],
  [
    'W-092',
    'REFUSED that may have been processed',
    (link) => link.say(cancel(1, 'REFUSED', 'MAYBE')),
  ],
  [
    'W-092',
    'NO behind a response that has begun',
    (link) => link.say(BEGUN, cancel(1, 'INTERNAL', 'NO')),
  ],
  ['W-094', 'four pings in a row', (link) => link.say(ping(1), ping(2), ping(3), ping(4))],
  [
    'W-095',
    'more than 10,000 useless records',
    (link) => link.say(...new Array<Crafted>(10_001).fill(credit(0, 0))),
  ],
  [
    'W-101',
    'a last id that rises',
    (link) => {
      link.kit(request(get('/')));
      link.say(goaway(1, true), goaway(2, true));
    },
  ],
  ['W-101', 'a last id that was never asked for', (link) => link.say(goaway(2, true))],
  [
    'W-103',
    'something behind the Goaway of an error',
    (link) => link.say(goaway(0, true, 'PROTOCOL'), ping(1)),
  ],
  ['W-105', 'an answer above its last id', (link) => link.say(goaway(0, true), OK)],
];

/** What a dialer says. */
const dialerLies: readonly Lie[] = [
  ['W-023', 'a response', (link) => link.say(OK)],
  [
    'W-030',
    'an id that falls',
    (link) => link.say(request(get('/'), { id: 5 }), request(get('/'), { id: 4 })),
  ],
  ['W-030', 'an id above 2^30', (link) => link.say(request(get('/'), { id: 2 ** 30 + 1 }))],
  [
    'W-036',
    'too many streams',
    (link) => link.say(request(get('/')), request(get('/'))),
    { limits: { streams: 1 } },
  ],
  ['W-061', 'no :path', (link) => link.say(request({ ops: [op.value(0)], text: ['GET'] }))],
  ['W-062', 'a path with a space', (link) => link.say(request(get('/a b')))],
  [
    'W-100',
    'a request behind a goaway that it has read',
    (link) => {
      link.kit(goaway(0, false), ping(1));
      link.say(pong(1), request(get('/')));
    },
  ],
  ['W-106', 'a final Goaway without an error', (link) => link.say(goaway(0, true))],
  ['W-106', 'a Goaway with a last id', (link) => link.say(goaway(3, false))],
];

describe('the referee finds', () => {
  it.each(named([...headLies, ...streamLies]))('$rule: $what', ({ rule, say, opening }) => {
    const link = opened(opening);
    link.kit(request(get('/')));
    expect(brokenIn(() => say(link))).toBe(rule);
  });

  it.each(named(dialerLies))('$rule: $what of a dialer', ({ rule, say, opening }) => {
    const link = opened({ ...opening, role: 'dialer' });
    expect(brokenIn(() => say(link))).toBe(rule);
  });
});
