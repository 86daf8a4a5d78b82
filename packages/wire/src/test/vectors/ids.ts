import {
  breaks,
  faulty,
  fine,
  getWith,
  requested,
  responded,
  says,
  statusWith,
  streamError,
  vector,
} from './draft.ts';
import { answerBreaks, answers, asked, cancelled, get, link, ok, open, opened } from './link.ts';
import { op } from './ops.ts';
import type { Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const ids: Vector[] = [
  fine(
    'requests without ids are 1, 2, 3',
    'W-030',
    w.plain(...[1, 2, 3].map(() => w.request(get))),
    [1, 2, 3].map((id) => requested(id)),
  ),
  fine(
    'an id may skip others; the next without one is one more',
    'W-030',
    w.plain(
      w.request({ ...get, id: 5 }),
      w.request(get),
      w.request({ ...get, id: 100 }),
      w.request(get),
    ),
    [5, 6, 100, 101].map((id) => requested(id)),
  ),
  fine(
    'the id that would follow may be written',
    'W-030',
    w.plain(w.request({ ...get, id: 1 }), w.request({ ...get, id: 2 })),
    [requested(1), requested(2)],
  ),
  ...([4, 5] as const).map((id) =>
    vector(`an id of ${id} behind 5`, 'W-030', [
      says(w.plain(w.request({ ...get, id: 5 })), requested(5)),
      breaks(w.plain(w.request({ ...get, id })), 'PROTOCOL'),
    ]),
  ),
  ...([2 ** 30 - 1, 2 ** 30] as const).map((id) =>
    fine(
      `an id of ${id === 2 ** 30 ? '2^30' : '2^30 - 1'}`,
      'W-030',
      w.plain(w.request({ ...get, id })),
      [requested(id)],
    ),
  ),
  faulty('an id of 2^30 + 1', 'W-030', w.plain(w.request({ ...get, id: 2 ** 30 + 1 })), 'PROTOCOL'),
  vector('no id behind 2^30', 'W-030', [
    says(w.plain(w.request({ ...get, id: 2 ** 30 })), requested(2 ** 30)),
    breaks(w.plain(w.request(get)), 'PROTOCOL'),
  ]),
  vector('a request that is not legal uses its id', 'W-030', [
    says(w.plain(w.request(getWith(['a b', '']))), streamError(1, 'PROTOCOL')),
    says(w.plain(w.request(get)), requested(2)),
    breaks(w.plain(w.request({ ...get, id: 1 })), 'PROTOCOL'),
  ]),
  vector('responses in any order, with and without ids', 'W-031 W-033', [
    answers(
      w.plain(
        w.response(ok),
        w.response({ ...ok, id: 3 }),
        w.response(ok),
        w.response({ ...ok, id: 2 }),
      ),
      responded(1),
      responded(3),
      responded(4),
      responded(2),
    ),
  ]),
  vector('an informational response counts as the one before', 'W-031', [
    answers(
      w.plain(w.response(statusWith('103')), w.response(ok), w.response({ ...ok, id: 1 })),
      responded(1, [[':status', '103']]),
      responded(2),
      responded(1),
    ),
  ]),
  vector('a response that is not legal counts as the one before', 'W-031', [
    answers(
      w.plain(w.response(statusWith('99')), w.response(ok)),
      streamError(1, 'PROTOCOL'),
      responded(2),
    ),
  ]),
  vector("a response's id above 2^30", 'W-031', [
    answerBreaks(w.plain(w.response({ ...ok, id: 2 ** 30 + 1 })), 'PROTOCOL'),
  ]),
  ...(
    [
      ['data', w.record(3, w.text(2, 'x'))],
      ['trailers', w.record(4)],
      ['a cancel', w.record(6)],
    ] as const
  ).map(([what, record]) => faulty(`${what} with id 0`, 'W-038', w.plain(record), 'PROTOCOL')),
  ...(
    [
      ['data', w.data(2 ** 30 + 1, 'x')],
      ['trailers', w.trailers(2 ** 30 + 1, {})],
      ['a cancel', w.cancel(2 ** 30 + 1, 8, 0)],
    ] as const
  ).map(([what, record]) =>
    faulty(`${what} with id 2^30 + 1`, 'W-038', w.plain(record), 'PROTOCOL'),
  ),
];

const neverOpened: Vector[] = [
  ...(
    [
      ['data', w.data(2, 'x')],
      ['trailers', w.trailers(2, {})],
      ['credit', w.credit(2, 1)],
      ['a cancel', w.cancel(2, 8, 0)],
    ] as const
  ).flatMap(([what, record]) => [
    vector(
      `${what} for a stream that was never opened`,
      'W-031',
      [says(w.plain(w.request(get)), requested(1)), breaks(w.plain(record), 'PROTOCOL')],
      link,
    ),
    vector(
      `${what} of the acceptor for a stream that was never opened`,
      'W-031',
      [asked, answerBreaks(w.plain(record), 'PROTOCOL')],
      link,
    ),
  ]),
  vector(
    'a response to what was never asked',
    'W-031',
    [asked, answerBreaks(w.plain(w.response({ ...ok, id: 2 })), 'PROTOCOL')],
    link,
  ),
  vector(
    'data for an id that was skipped is dropped',
    'W-038',
    [
      says(w.plain(w.request({ ...get, id: 5 })), requested(5)),
      says(w.plain(w.data(3, 'x', true), w.trailers(4, {}), w.credit(2, 1), w.cancel(1, 8, 0))),
      says(w.plain(w.request(get)), requested(6)),
    ],
    link,
  ),
  vector(
    'a response from the dialer',
    'W-023',
    [breaks(w.plain(w.response(ok)), 'PROTOCOL')],
    link,
  ),
  vector(
    'a request from the acceptor',
    'W-023',
    [asked, answerBreaks(w.plain(w.request(get)), 'PROTOCOL')],
    link,
  ),
];

/** Heads that break a rule of the stream, where the record itself may not be: the link ends (W-026). */
const illegal = getWith(['a b', '']);
const misplaced: Vector[] = [
  vector(
    'a response from the dialer that is not legal',
    'W-023 W-026',
    [breaks(w.plain(w.response(statusWith('99'))), 'PROTOCOL')],
    link,
  ),
  vector(
    'a request from the acceptor that is not legal',
    'W-023 W-026',
    [asked, answerBreaks(w.plain(w.request(illegal)), 'PROTOCOL')],
    link,
  ),
  vector(
    'trailers that are not legal for a stream that was never opened',
    'W-031 W-026',
    [
      says(w.plain(w.request(get)), requested(1)),
      breaks(w.plain(w.trailers(2, { ops: op.literal, text: ['a b', ''] })), 'PROTOCOL'),
    ],
    link,
  ),
  vector(
    'a response that is not legal to what was never asked',
    'W-031 W-026',
    [asked, answerBreaks(w.plain(w.response({ ...statusWith('99'), id: 2 })), 'PROTOCOL')],
    link,
  ),
  vector(
    'trailers that are not legal for a stream that was cancelled are dropped',
    'W-031 W-037',
    [
      says(w.plain(open, w.cancel(1, 8, 0)), opened(1), cancelled(1)),
      says(
        w.plain(w.trailers(1, { ops: op.literal, text: ['a b', ''] }), w.request(get)),
        requested(2),
      ),
    ],
    link,
  ),
];

export const idsTopic: Topic = {
  name: 'ids',
  about: 'Ids of requests and responses, and records for streams that were never opened',
  vectors: [...ids, ...neverOpened, ...misplaced],
};
