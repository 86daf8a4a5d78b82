import {
  answered,
  breaks,
  fine,
  GET,
  getWith,
  glitchy,
  OK,
  requested,
  responded,
  says,
  statusWith,
  streamError,
  vector,
} from './draft.ts';
import { cancelled, get, link, opened } from './link.ts';
import { METHOD, op, PATH } from './ops.ts';
import type { Said, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const oneWay = w.request({ ...get, oneWay: true });

function told(id: number, rest: { body?: string; timeout_ms?: number } = {}): Said {
  return requested(id, GET, { ...rest, one_way: true });
}

/** An error of a stream of which the dialer hears nothing. */
function silentError(id: number, code: string): Said {
  return { kind: 'error', scope: 'stream', id, code, one_way: true };
}

const reading: Vector[] = [
  fine('a one-way request', 'W-124', w.plain(oneWay), [told(1)]),
  fine(
    'a one-way request with a body and a deadline',
    'W-124 W-090',
    w.plain(w.request({ ...get, body: 'event', timeoutMs: 500, oneWay: true })),
    [told(1, { body: 'event', timeout_ms: 500 })],
  ),
  fine(
    'one_way 0 is none, and any other value is one',
    'W-025 W-001',
    w.plain(
      w.request({ ...get, oneWay: false }),
      w.record(1, w.request(get).subarray(4), w.integer(10, 200)),
    ),
    [requested(1), told(2)],
  ),
  fine(
    'a one-way request by its block',
    'W-124 W-057',
    w.plain(
      w.request({
        ops: [...op.store(METHOD, 4), ...op.store(PATH, 5)],
        text: ['GET', '/'],
        keep: 8,
      }),
      w.request({ block: 8, oneWay: true }),
    ),
    [requested(1), told(2)],
  ),
  vector('a response has no one_way: the field is unknown there', 'W-124 W-002', [
    answered(
      glitchy(says(w.plain(w.response({ ...statusWith('200'), oneWay: true })), responded(1, OK))),
    ),
  ]),
];

const wrong: Vector[] = [
  fine(
    'one_way and more: no one-way request, and wrong',
    'W-124',
    w.plain(w.request({ ...get, oneWay: true, more: true }), w.request(get)),
    [streamError(1, 'PROTOCOL'), requested(2)],
  ),
  fine(
    'a one-way request that is not legal is dropped, and its head has run through the table',
    'W-125 W-059',
    w.plain(
      w.request({
        ops: [...op.value(METHOD), ...op.store(PATH, 5)],
        text: ['GE T', '/'],
        oneWay: true,
      }),
      w.request({ ops: [...op.value(METHOD), ...op.field(5)], text: ['GET'] }),
    ),
    [silentError(1, 'PROTOCOL'), requested(2)],
  ),
  fine(
    'a one-way request whose body is too long is dropped',
    'W-125 W-040',
    w.plain(w.request({ ...get, body: 'x'.repeat(65_537), oneWay: true }), w.request(get)),
    [silentError(1, 'BODY_LIMIT'), requested(2)],
  ),
  vector('a one-way request uses its id', 'W-124 W-030', [
    says(w.plain(oneWay), told(1)),
    breaks(w.plain(w.request({ ...get, id: 1 })), 'PROTOCOL'),
  ]),
];

const streams: Vector[] = [
  vector(
    'what comes for a one-way request is dropped: its stream has ended',
    'W-124 W-031',
    [
      says(w.plain(oneWay), told(1)),
      says(w.plain(w.data(1, 'x', true), w.trailers(1, {}), w.credit(1, 5))),
      says(w.plain(w.request(get)), requested(2)),
    ],
    link,
  ),
  vector(
    'a Cancel of a one-way request ends nothing',
    'W-124 W-091',
    [says(w.plain(oneWay, w.cancel(1, 8, 0)), told(1), cancelled(1))],
    link,
  ),
  vector(
    'one-way requests are no open streams',
    'W-126 W-036',
    [
      says(
        w.plain(oneWay, oneWay, w.request(get), oneWay),
        told(1),
        told(2),
        requested(3),
        told(4),
      ),
      says(w.plain(w.request(get), oneWay), streamError(5, 'REFUSED'), told(6)),
    ],
    { ...link, receiver: { streams: 1 } },
  ),
  vector(
    'a request that is wrongly one-way has ended as any other that is faulty',
    'W-124 W-037',
    [
      says(w.plain(w.request({ ...get, oneWay: true, more: true })), streamError(1, 'PROTOCOL')),
      says(w.plain(w.data(1, 'x', true), w.request({ ...get, more: true })), opened(2)),
    ],
    link,
  ),
  vector(
    'a faulty one-way request was opened, and what comes for it is dropped',
    'W-125 W-031',
    [
      says(
        w.plain(w.request({ ...getWith(['a b', 'c']), oneWay: true })),
        silentError(1, 'PROTOCOL'),
      ),
      says(w.plain(w.data(1, 'x', true), w.cancel(1, 8, 0), w.request(get)), requested(2)),
    ],
    link,
  ),
];

export const oneWayTopic: Topic = {
  name: 'one-way',
  about: 'Requests of which nothing is said back',
  vectors: [...reading, ...wrong, ...streams],
};
