import {
  answered,
  fine,
  GET,
  getWith,
  OK,
  requested,
  responded,
  says,
  statusWith,
  vector,
} from './draft.ts';
import type { Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const get = getWith();
const ok = statusWith('200');
const streamed = requested(1, GET, { more: true });

const messages: Vector[] = [
  fine('a request with nothing but a head', 'W-030', w.plain(w.request(get)), [requested(1)]),
  fine(
    'a request with fields: order, case and duplicates stay',
    'W-050',
    w.plain(
      w.request(getWith(['Host', 'a'], ['accept', '*/*'], ['Accept', ''], ['accept', '*/*'])),
    ),
    [requested(1, [...GET, ['Host', 'a'], ['accept', '*/*'], ['Accept', ''], ['accept', '*/*']])],
  ),
  fine(
    'a request with a body and a deadline',
    'W-040 W-090',
    w.plain(w.request({ ...get, body: '\0body\xff', timeoutMs: 30_000 })),
    [requested(1, GET, { body: '\0body\xff', timeout_ms: 30_000 })],
  ),
  fine(
    'the longest deadline there can be',
    'W-090 W-097',
    w.plain(w.request({ ...get, timeoutMs: 2 ** 32 - 1 })),
    [requested(1, GET, { timeout_ms: 2 ** 32 - 1 })],
  ),
  fine(
    'a request whose target is no path',
    'W-062',
    w.plain(
      w.request({ ops: get.ops, text: ['CONNECT', 'example.com:443'] }),
      w.request({ ops: get.ops, text: ['OPTIONS', '*'] }),
      w.request({ ops: get.ops, text: ['GET', 'http://example.com/a?b#c'] }),
    ),
    [
      requested(1, [
        [':method', 'CONNECT'],
        [':path', 'example.com:443'],
      ]),
      requested(2, [
        [':method', 'OPTIONS'],
        [':path', '*'],
      ]),
      requested(3, [
        [':method', 'GET'],
        [':path', 'http://example.com/a?b#c'],
      ]),
    ],
  ),
  vector('a response with nothing but a status', 'W-031', [
    answered(says(w.plain(w.response(ok)), responded(1))),
  ]),
  vector('a response with a reason, fields and a body', 'W-031 W-061', [
    answered(
      says(
        w.plain(
          w.response({
            ops: [9, 13, 3],
            text: ['404', 'Not Here', 'Content-Type', 'text/plain'],
            body: 'no',
          }),
        ),
        responded(
          1,
          [
            [':status', '404'],
            [':reason', 'Not Here'],
            ['Content-Type', 'text/plain'],
          ],
          { body: 'no' },
        ),
      ),
    ),
  ]),
  vector('a response has no timeout_ms: field 9 is unknown there', 'W-002', [
    answered(says(w.plain(w.response({ ...ok, timeoutMs: 5 })), responded(1))),
  ]),
];

const bodies: Vector[] = [
  vector('a streamed request: data, data with the end', 'W-032 W-042', [
    says(w.plain(w.request({ ...get, more: true })), streamed),
    says(
      w.plain(w.data(1, 'one'), w.data(1, 'two', true)),
      { kind: 'data', id: 1, bytes: 'one' },
      { kind: 'data', id: 1, bytes: 'two', end: true },
    ),
  ]),
  vector('a body whose end comes alone', 'W-032 W-049', [
    says(
      w.plain(
        w.request({ ...get, more: true }),
        w.data(1, 'x'),
        w.record(3, w.integer(1, 1), w.integer(3, 1)),
      ),
      streamed,
      { kind: 'data', id: 1, bytes: 'x' },
      { kind: 'data', id: 1, bytes: '', end: true },
    ),
  ]),
  vector('trailers end a body', 'W-032 W-049', [
    says(
      w.plain(
        w.request({ ...get, more: true }),
        w.data(1, 'x'),
        w.trailers(1, { ops: [3, 3], text: ['X-Sum', '1', 'x-sum', '2'] }),
      ),
      streamed,
      { kind: 'data', id: 1, bytes: 'x' },
      {
        kind: 'trailers',
        id: 1,
        head: [
          ['X-Sum', '1'],
          ['x-sum', '2'],
        ],
      },
    ),
  ]),
  vector('trailers without data, and empty ones', 'W-049', [
    says(
      w.plain(
        w.request({ ...get, more: true }),
        w.trailers(1, { ops: [3], text: ['a', 'b'] }),
        w.request({ ...get, more: true }),
        w.trailers(2, {}),
      ),
      streamed,
      { kind: 'trailers', id: 1, head: [['a', 'b']] },
      requested(2, GET, { more: true }),
      { kind: 'trailers', id: 2, head: [] },
    ),
  ]),
  vector('a streamed response, with informational ones before it', 'W-033', [
    answered(
      says(
        w.plain(
          w.response(statusWith('103', ['link', '</a>'])),
          w.response({ id: 1, ...statusWith('100') }),
          w.response({ id: 1, ...ok, more: true }),
          w.data(1, 'abc'),
          w.trailers(1, { ops: [3], text: ['x-end', 'yes'] }),
        ),
        responded(1, [
          [':status', '103'],
          ['link', '</a>'],
        ]),
        responded(1, [[':status', '100']]),
        responded(1, OK, { more: true }),
        { kind: 'data', id: 1, bytes: 'abc' },
        { kind: 'trailers', id: 1, head: [['x-end', 'yes']] },
      ),
    ),
  ]),
  vector('101 is a final head, which data may follow', 'W-033', [
    answered(
      says(
        w.plain(
          w.response({ ...statusWith('101', ['upgrade', 'websocket']), more: true }),
          w.data(1, '\x81\0'),
        ),
        responded(
          1,
          [
            [':status', '101'],
            ['upgrade', 'websocket'],
          ],
          { more: true },
        ),
        { kind: 'data', id: 1, bytes: '\x81\0' },
      ),
    ),
  ]),
];

const CODES = [
  'NO_ERROR',
  'PROTOCOL',
  'INTERNAL',
  'FLOW_CONTROL',
  'COMPRESSION',
  'DECOMPRESSION_LIMIT',
  'CHECKSUM',
  'REFUSED',
  'CANCEL',
  'DEADLINE',
  'TIMEOUT',
  'OVERLOADED',
  'ENHANCE_YOUR_CALM',
  'HEAD_LIMIT',
  'BODY_LIMIT',
  'BODY_LENGTH',
  'UPSTREAM',
  'UNREACHABLE',
] as const;

const control: Vector[] = [
  fine(
    'credit of a stream and of the link',
    'W-042',
    w.plain(w.request(get), w.credit(1, 300), w.credit(0, 70_000)),
    [requested(1), { kind: 'credit', id: 1, bytes: 300 }, { kind: 'credit', id: 0, bytes: 70_000 }],
  ),
  vector('cancels with every processed', 'W-091 W-092', [
    answered(
      says(
        w.plain(w.cancel(1, 2, 0), w.cancel(2, 7, 1, 'busy'), w.cancel(3, 16, 2)),
        { kind: 'cancel', id: 1, code: 'INTERNAL', processed: 'MAYBE' },
        { kind: 'cancel', id: 2, code: 'REFUSED', processed: 'NO', message: 'busy' },
        { kind: 'cancel', id: 3, code: 'UPSTREAM', processed: 'YES' },
      ),
    ),
  ]),
  vector('every code by its number', 'W-091', [
    answered(
      says(
        w.plain(...CODES.map((_, number) => w.cancel(number + 1, number, 0))),
        ...CODES.map(
          (code, number) => ({ kind: 'cancel', id: number + 1, code, processed: 'MAYBE' }) as const,
        ),
      ),
    ),
  ]),
  fine('a ping and a pong', 'W-093', w.plain(w.ping(7), w.pong(2 ** 32 - 1)), [
    { kind: 'ping', token: 7 },
    { kind: 'pong', token: 2 ** 32 - 1 },
  ]),
  fine('a ping without a token has the token 0', 'W-093 W-025', w.plain(w.record(7)), [
    { kind: 'ping', token: 0 },
  ]),
  vector('goaway in two steps', 'W-100 W-101', [
    answered(
      says(w.plain(w.goaway(0, 0, false)), { kind: 'goaway', last_id: 0, code: 'NO_ERROR' }),
    ),
    answered(
      says(w.plain(w.goaway(41, 0, true)), {
        kind: 'goaway',
        last_id: 41,
        code: 'NO_ERROR',
        final: true,
      }),
    ),
  ]),
  vector('goaway for an error of the link', 'W-103', [
    answered(
      says(w.plain(w.goaway(3, 12, true, 'too many pings')), {
        kind: 'goaway',
        last_id: 3,
        code: 'ENHANCE_YOUR_CALM',
        final: true,
        message: 'too many pings',
      }),
    ),
  ]),
  fine(
    'records of all kinds in one batch, in order',
    'W-021 W-022',
    w.plain(
      w.credit(0, 5),
      w.pong(1),
      w.request({ ...get, more: true }),
      w.request({ ...get, body: 'x' }),
      w.data(1, 'abc', true),
      w.cancel(2, 8, 0),
      w.goaway(0, 0, false),
    ),
    [
      { kind: 'credit', id: 0, bytes: 5 },
      { kind: 'pong', token: 1 },
      streamed,
      requested(2, GET, { body: 'x' }),
      { kind: 'data', id: 1, bytes: 'abc', end: true },
      { kind: 'cancel', id: 2, code: 'CANCEL', processed: 'MAYBE' },
      { kind: 'goaway', last_id: 0, code: 'NO_ERROR' },
    ],
  ),
];

export const recordsTopic: Topic = {
  name: 'records',
  about: 'Each kind of record',
  vectors: [...messages, ...bodies, ...control],
};
