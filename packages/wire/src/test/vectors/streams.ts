import { fine, OK, requested, responded, says, statusWith, streamError, vector } from './draft.ts';
import { answers, asked, asking, cancelled, get, link, ok, open, opened, piece } from './link.ts';
import { op } from './ops.ts';
import type { Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const lives: Vector[] = [
  fine(
    'a request with a body and more',
    'W-032',
    w.plain(w.request({ ...get, body: 'x', more: true }), w.request(get)),
    [streamError(1, 'PROTOCOL'), requested(2)],
  ),
  fine(
    'a request with an empty body and more',
    'W-032',
    w.plain(w.request({ ...get, body: '', more: true })),
    [opened(1)],
  ),
  vector('a response with a body and more', 'W-032', [
    answers(w.plain(w.response({ ...ok, body: 'x', more: true })), streamError(1, 'PROTOCOL')),
  ]),
  vector('an informational response with a body', 'W-033', [
    answers(w.plain(w.response({ ...statusWith('103'), body: 'x' })), streamError(1, 'PROTOCOL')),
  ]),
  vector('an informational response with more', 'W-033', [
    answers(w.plain(w.response({ ...statusWith('100'), more: true })), streamError(1, 'PROTOCOL')),
  ]),
  vector(
    'data behind the end of a body',
    'W-032',
    [
      says(w.plain(open, w.data(1, 'x', true)), opened(1), piece(1, 'x', true)),
      says(w.plain(w.data(1, 'y')), streamError(1, 'PROTOCOL')),
    ],
    link,
  ),
  vector(
    'data for a request that was complete',
    'W-032',
    [says(w.plain(w.request(get), w.data(1, 'x', true)), requested(1), streamError(1, 'PROTOCOL'))],
    link,
  ),
  vector(
    'data behind trailers',
    'W-032',
    [
      says(w.plain(open, w.trailers(1, {})), opened(1), { kind: 'trailers', id: 1, head: [] }),
      says(w.plain(w.data(1, 'x')), streamError(1, 'PROTOCOL')),
    ],
    link,
  ),
  vector(
    'trailers behind the end of a body',
    'W-032',
    [
      says(w.plain(open, w.data(1, '', true)), opened(1), piece(1, '', true)),
      says(w.plain(w.trailers(1, {})), streamError(1, 'PROTOCOL')),
    ],
    link,
  ),
  vector(
    'trailers for a request that was complete',
    'W-032 W-049',
    [says(w.plain(w.request(get), w.trailers(1, {})), requested(1), streamError(1, 'PROTOCOL'))],
    link,
  ),
  vector(
    'what comes for a stream that was cancelled is dropped',
    'W-031 W-034 W-045',
    [
      says(w.plain(open, w.cancel(1, 8, 0)), opened(1), {
        kind: 'cancel',
        id: 1,
        code: 'CANCEL',
        processed: 'MAYBE',
      }),
      says(w.plain(w.data(1, 'x', true), w.trailers(1, {}), w.credit(1, 5), w.cancel(1, 8, 0))),
      says(w.plain(w.request(get)), requested(2)),
    ],
    link,
  ),
  vector(
    'what comes for a stream that its receiver has ended is dropped',
    'W-031 W-037',
    [
      says(w.plain(w.request({ ...get, body: 'x', more: true })), streamError(1, 'PROTOCOL')),
      says(w.plain(w.data(1, 'x', true), w.request(get)), requested(2)),
    ],
    link,
  ),
  vector(
    'an error of one stream leaves the others alone',
    'W-037',
    [
      says(w.plain(open, open), opened(1), opened(2)),
      says(
        w.plain(w.data(1, 'x', true), w.data(1, 'y')),
        piece(1, 'x', true),
        streamError(1, 'PROTOCOL'),
      ),
      says(w.plain(w.data(2, 'z', true)), piece(2, 'z', true)),
    ],
    link,
  ),
  vector(
    'more streams than streams: the newest is refused',
    'W-036',
    [
      says(
        w.plain(w.request(get), w.request(get), w.request(get)),
        requested(1),
        requested(2),
        streamError(3, 'REFUSED'),
      ),
      says(w.plain(w.cancel(1, 8, 0), w.request(get)), cancelled(1), requested(4)),
    ],
    { ...link, receiver: { streams: 2 } },
  ),
];

const answersOf: Vector[] = [
  vector(
    'a second response',
    'W-039',
    [
      asking,
      answers(
        w.plain(w.response({ ...ok, id: 1 }), w.response({ ...ok, id: 1 })),
        responded(1),
        streamError(1, 'PROTOCOL'),
      ),
    ],
    link,
  ),
  vector(
    'an informational response behind the final one',
    'W-039',
    [
      asking,
      answers(
        w.plain(w.response({ ...ok, id: 1 }), w.response({ ...statusWith('103'), id: 1 })),
        responded(1),
        streamError(1, 'PROTOCOL'),
      ),
    ],
    link,
  ),
  vector(
    'data before the head of its response',
    'W-039',
    [asked, answers(w.plain(w.data(1, 'x')), streamError(1, 'PROTOCOL'))],
    link,
  ),
  vector(
    'trailers before the head of their response',
    'W-039',
    [asked, answers(w.plain(w.trailers(1, {})), streamError(1, 'PROTOCOL'))],
    link,
  ),
  vector(
    'data behind an informational response only',
    'W-039',
    [
      asked,
      answers(
        w.plain(w.response(statusWith('103')), w.data(1, 'x')),
        responded(1, [[':status', '103']]),
        streamError(1, 'PROTOCOL'),
      ),
    ],
    link,
  ),
  vector(
    'any number of informational responses, then the answer',
    'W-033',
    [
      asked,
      answers(
        w.plain(
          ...[1, 1, 1].map((id) => w.response({ ...statusWith('103'), id })),
          w.response({ ...ok, id: 1 }),
        ),
        ...[1, 2, 3].map(() => responded(1, [[':status', '103']])),
        responded(1, OK),
      ),
    ],
    link,
  ),
  vector(
    'what comes behind a stream that is complete is dropped',
    'W-031',
    [
      asked,
      answers(w.plain(w.response({ ...ok, id: 1 })), responded(1)),
      answers(
        w.plain(
          w.response({ ...ok, id: 1 }),
          w.data(1, 'x', true),
          w.trailers(1, {}),
          w.cancel(1, 8, 0),
        ),
      ),
    ],
    link,
  ),
  vector(
    'a response that is not legal ends its stream',
    'W-061 W-037',
    [
      asked,
      answers(
        w.plain(w.response({ ops: op.literal, text: ['a', 'b'] })),
        streamError(1, 'PROTOCOL'),
      ),
    ],
    link,
  ),
];

const unwanted: Vector[] = [
  vector(
    'NO_ERROR behind a complete response: the dialer stops sending',
    'W-035',
    [
      asking,
      answers(w.plain(w.response({ ...ok, id: 1 }), w.cancel(1, 0, 2)), responded(1), {
        kind: 'cancel',
        id: 1,
        code: 'NO_ERROR',
        processed: 'YES',
      }),
    ],
    link,
  ),
  vector(
    'NO_ERROR before the response is complete ends the stream',
    'W-035',
    [
      asking,
      answers(
        w.plain(w.response({ ...ok, id: 1, more: true }), w.cancel(1, 0, 2)),
        responded(1, OK, { more: true }),
        { kind: 'cancel', id: 1, code: 'NO_ERROR', processed: 'YES' },
      ),
      answers(w.plain(w.data(1, 'x', true))),
    ],
    link,
  ),
];

export const streamsTopic: Topic = {
  name: 'streams',
  about: 'What may come for a stream, in which of its states',
  vectors: [...lives, ...answersOf, ...unwanted],
};
