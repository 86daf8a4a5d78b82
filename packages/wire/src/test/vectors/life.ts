import { breaks, glitchy, requested, says, vector } from './draft.ts';
import { answerBreaks, answers, asked, get, link, open, opened, piece } from './link.ts';

import type { Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const ends: Vector[] = [
  vector(
    'the last id of a final goaway may fall',
    'W-101',
    [
      asked,
      answers(
        w.plain(w.goaway(9, 0, true), w.goaway(3, 0, true), w.goaway(3, 0, true)),
        ...[9, 3, 3].map(
          (last_id) => ({ kind: 'goaway', last_id, code: 'NO_ERROR', final: true }) as const,
        ),
      ),
    ],
    link,
  ),
  vector(
    'the last id of a final goaway rises',
    'W-101',
    [
      asked,
      answers(w.plain(w.goaway(1, 0, true)), {
        kind: 'goaway',
        last_id: 1,
        code: 'NO_ERROR',
        final: true,
      }),
      answerBreaks(w.plain(w.goaway(2, 0, true)), 'PROTOCOL'),
    ],
    link,
  ),
  vector(
    'the last id of a goaway that is not final means nothing',
    'W-100 W-101',
    [
      asked,
      answers(
        w.plain(w.goaway(1, 0, true), w.goaway(7, 0, false)),
        { kind: 'goaway', last_id: 1, code: 'NO_ERROR', final: true },
        { kind: 'goaway', last_id: 7, code: 'NO_ERROR' },
      ),
    ],
    link,
  ),
  vector(
    'a goaway of the dialer ends nothing that is under way',
    'W-106',
    [
      says(
        w.plain(open, w.goaway(0, 0, false), w.data(1, 'x', true)),
        opened(1),
        { kind: 'goaway', last_id: 0, code: 'NO_ERROR' },
        piece(1, 'x', true),
      ),
    ],
    link,
  ),
];

const rates: Vector[] = [
  vector(
    'pings: the first and two that come at once, and one too many',
    'W-094',
    [
      says(w.plain(w.ping(1)), { kind: 'ping', token: 1 }),
      says(w.plain(w.ping(2), w.ping(3)), { kind: 'ping', token: 2 }, { kind: 'ping', token: 3 }),
      breaks(w.plain(w.ping(4)), 'ENHANCE_YOUR_CALM'),
    ],
    link,
  ),
  vector(
    '10,000 glitches at once, and one too many',
    'W-095 W-043',
    [
      glitchy(says(w.plain(...Array.from({ length: 10_000 }, () => w.record(5))))),
      breaks(w.plain(w.record(5)), 'ENHANCE_YOUR_CALM'),
    ],
    link,
  ),
  vector(
    '1,000 cancels at once, and one too many',
    'W-095',
    [
      says(w.plain(w.request(get)), requested(1)),
      says(w.plain(...Array.from({ length: 1000 }, () => w.cancel(1, 8, 0))), {
        kind: 'cancel',
        id: 1,
        code: 'CANCEL',
        processed: 'MAYBE',
      }),
      breaks(w.plain(w.cancel(1, 8, 0)), 'ENHANCE_YOUR_CALM'),
    ],
    link,
  ),
];

export const lifeTopic: Topic = {
  name: 'life',
  about: 'Goaway, and what comes too often',
  vectors: [...ends, ...rates],
};
