import {
  answered,
  breaks,
  faulty,
  GET,
  glitchy,
  requested,
  responded,
  says,
  statusWith,
  streamError,
  vector,
} from './draft.ts';
import { get, link, open, opened, piece } from './link.ts';
import type { Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const x = (count: number) => 'x'.repeat(count);

const whole: Vector[] = [
  ...[65_535, 65_536].map((length) =>
    vector(`a body of ${length} bytes in a request`, 'W-040', [
      says(w.plain(w.request({ ...get, body: x(length) })), requested(1, GET, { body: x(length) })),
    ]),
  ),
  vector('a body of 65,537 bytes in a request', 'W-040', [
    says(
      w.plain(w.request({ ...get, body: x(65_537) }), w.request(get)),
      streamError(1, 'BODY_LIMIT'),
      requested(2),
    ),
  ]),
  vector('a body of 65,536 bytes, and one of 65,537, in a response', 'W-040', [
    answered(
      says(
        w.plain(
          w.response({ ...statusWith('200'), body: x(65_536) }),
          w.response({ ...statusWith('200'), body: x(65_537) }),
        ),
        responded(1, [[':status', '200']], { body: x(65_536) }),
        streamError(2, 'BODY_LIMIT'),
      ),
    ),
  ]),
  vector('a blob of 65,536 bytes as a body, and one of 65,537', 'W-040 W-046', [
    says(
      w.plain(
        w.blob(x(65_536)),
        w.request({ ...get, bodyBlob: true }),
        w.blob(x(65_537)),
        w.request({ ...get, bodyBlob: true }),
      ),
      requested(1, GET, { body: x(65_536) }),
      streamError(2, 'BODY_LIMIT'),
    ),
  ]),
  vector(
    'whole bodies take no credit',
    'W-040 W-042',
    [
      says(
        w.plain(...[1, 2, 3].map(() => w.request({ ...get, body: x(40) }))),
        ...[1, 2, 3].map((id) => requested(id, GET, { body: x(40) })),
      ),
    ],
    { ...link, receiver: { stream_window: 1, link_window: 1 } },
  ),
];

const pieces: Vector[] = [
  ...[16_383, 16_384].map((length) =>
    vector(`data of ${length} bytes`, 'W-041', [
      says(w.plain(open, w.data(1, x(length))), opened(1), piece(1, x(length))),
    ]),
  ),
  vector('data of 16,385 bytes', 'W-041', [
    says(w.plain(open), opened(1)),
    breaks(w.plain(w.data(1, x(16_385))), 'PROTOCOL'),
  ]),
  vector('data of 16,384 bytes in a blob, and of 16,385', 'W-041 W-046', [
    says(
      w.plain(w.blob(x(16_384)), open, w.record(3, w.integer(1, 1), w.integer(4, 1))),
      opened(1),
      piece(1, x(16_384)),
    ),
    breaks(w.plain(w.blob(x(16_385)), w.record(3, w.integer(1, 1), w.integer(4, 1))), 'PROTOCOL'),
  ]),
  vector('empty data without an end is a glitch', 'W-095', [
    glitchy(says(w.plain(open, w.data(1, '')), opened(1), piece(1, ''))),
  ]),
  vector('data of several streams in turn', 'W-022', [
    says(
      w.plain(
        open,
        open,
        w.data(1, 'a'),
        w.data(2, 'b'),
        w.data(1, 'c', true),
        w.data(2, 'd', true),
      ),
      opened(1),
      opened(2),
      piece(1, 'a'),
      piece(2, 'b'),
      piece(1, 'c', true),
      piece(2, 'd', true),
    ),
  ]),
];

const credit: Vector[] = [
  vector(
    "a stream's credit, used to its last byte",
    'W-042 W-043',
    [
      says(
        w.plain(open, w.data(1, x(60)), w.data(1, x(40))),
        opened(1),
        piece(1, x(60)),
        piece(1, x(40)),
      ),
      says(w.plain(w.data(1, '', true)), piece(1, '', true)),
    ],
    { ...link, receiver: { stream_window: 100 } },
  ),
  vector(
    "a stream's credit, overdrawn by a byte",
    'W-043',
    [
      says(w.plain(open, w.data(1, x(60))), opened(1), piece(1, x(60))),
      says(w.plain(w.data(1, x(41)), w.request(get)), streamError(1, 'FLOW_CONTROL'), requested(2)),
    ],
    { ...link, receiver: { stream_window: 100 } },
  ),
  vector(
    "a stream's credit, overdrawn by a blob",
    'W-042 W-043',
    [
      says(
        w.plain(w.blob(x(101)), open, w.record(3, w.integer(1, 1), w.integer(4, 1))),
        opened(1),
        streamError(1, 'FLOW_CONTROL'),
      ),
    ],
    { ...link, receiver: { stream_window: 100 } },
  ),
  vector(
    "the link's credit, used to its last byte by two streams",
    'W-042 W-043',
    [
      says(
        w.plain(open, open, w.data(1, x(60)), w.data(2, x(40))),
        opened(1),
        opened(2),
        piece(1, x(60)),
        piece(2, x(40)),
      ),
    ],
    { ...link, receiver: { link_window: 100 } },
  ),
  vector(
    "the link's credit, overdrawn by a byte",
    'W-043',
    [
      says(w.plain(open, open, w.data(1, x(60))), opened(1), opened(2), piece(1, x(60))),
      breaks(w.plain(w.data(2, x(41))), 'FLOW_CONTROL'),
    ],
    { ...link, receiver: { link_window: 100 } },
  ),
  vector(
    "credit that lifts the link's to 2^31 - 1, and above",
    'W-043',
    [
      says(w.plain(w.credit(0, 2 ** 31 - 1 - 1_048_576)), {
        kind: 'credit',
        id: 0,
        bytes: 2 ** 31 - 1 - 1_048_576,
      }),
      breaks(w.plain(w.credit(0, 1)), 'FLOW_CONTROL'),
    ],
    link,
  ),
  vector(
    'credit of 2^32 - 1 for the link',
    'W-043',
    [breaks(w.plain(w.credit(0, 2 ** 32 - 1)), 'FLOW_CONTROL')],
    link,
  ),
  vector(
    "credit that lifts a stream's above 2^31 - 1",
    'W-043',
    [
      says(w.plain(open), opened(1)),
      answered(says(w.plain(w.credit(1, 2 ** 31)), streamError(1, 'FLOW_CONTROL'))),
    ],
    link,
  ),
  vector(
    "credit for a response's body may come before the response: it is added",
    'W-047 W-043',
    [
      says(w.plain(w.request(get), w.credit(1, 2 ** 31 - 1 - 262_144)), requested(1), {
        kind: 'credit',
        id: 1,
        bytes: 2 ** 31 - 1 - 262_144,
      }),
      says(w.plain(w.credit(1, 1)), streamError(1, 'FLOW_CONTROL')),
    ],
    link,
  ),
  vector('credit of 0 is a glitch', 'W-043 W-095', [
    says(w.plain(w.request(get)), requested(1)),
    glitchy(says(w.plain(w.record(5), w.record(5, w.integer(1, 1))))),
  ]),
  faulty(
    'a credit of 2^32',
    'W-001',
    w.plain(w.record(5, Uint8Array.of(0x10, 0x80, 0x80, 0x80, 0x80, 0x10))),
    'PROTOCOL',
  ),
];

export const bodiesTopic: Topic = {
  name: 'bodies',
  about: 'Bodies in heads and in pieces, and credit',
  vectors: [...whole, ...pieces, ...credit],
};
