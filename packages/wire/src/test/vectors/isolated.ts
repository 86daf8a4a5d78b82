import { concat, hex } from '../hex.ts';
import {
  breaks,
  faulty,
  fine,
  getWith,
  glitchy,
  requested,
  says,
  unpacking,
  vector,
} from './draft.ts';
import { bids, needing, stored, storing, zstdHeader, zstdRaw } from './packed.ts';
import type { Field, Said, Step, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const DEFLATE = { codec: 1, log: 15 };
const ZSTD = { codec: 2, log: 20 };
const get = w.request(getWith());
const [first = hex(''), second = hex('')] = bids.batches;
const [deflate1 = hex(''), deflate2 = hex('')] = bids.deflate;
const [zstd1 = hex('')] = bids.zstd;
const two = { receiver: { windows: 2 } } as const;

/** The bids that a batch has, with the ids that they get. */
function bidsFrom(id: number, ...which: readonly number[]): Said[] {
  return which.map((one, index) => {
    const said = bids.requests[one];
    const head: readonly Field[] = said?.head ?? [];
    return { kind: 'request', id: id + index, head, body: said?.body ?? '' };
  });
}

/** An envelope of one packed batch of that window. */
function packs(
  windowId: number,
  batch: Uint8Array,
  packed: Uint8Array,
  window: w.WindowStart | undefined,
  ...records: readonly Said[]
): Step {
  const start = window === undefined ? {} : { window };
  const bytes = w.envelope({ packed, unpacked: batch, windowId, ...start });
  return unpacking(batch, says(bytes, ...records));
}

function fails(windowId: number, packed: Uint8Array, unpackedSize: number): Step {
  return breaks(w.envelope({ packed, unpackedSize, crc: 0, windowId }), 'COMPRESSION');
}

/** An envelope with that id, against what the hello allows. */
function beyond(name: string, windowId: number, more: Parameters<typeof faulty>[4]): Vector {
  const bytes = w.envelope({ packed: stored(get), unpacked: get, window: DEFLATE, windowId });
  return faulty(name, 'W-075', bytes, 'COMPRESSION', more);
}

const running: Vector[] = [
  vector(
    'an isolated window beside the shared one: neither knows the other',
    'W-075 W-021',
    [
      packs(0, first, deflate1, DEFLATE, ...bidsFrom(1, 0)),
      packs(1, first, deflate1, DEFLATE, ...bidsFrom(2, 0)),
      packs(0, second, deflate2, undefined, ...bidsFrom(3, 1, 2)),
      packs(1, second, deflate2, undefined, ...bidsFrom(5, 1, 2)),
    ],
    two,
  ),
  vector(
    'each window has its own codec and size',
    'W-075 W-070',
    [
      packs(2, first, zstd1, ZSTD, ...bidsFrom(1, 0)),
      packs(1, first, deflate1, DEFLATE, ...bidsFrom(2, 0)),
      packs(0, get, stored(get), { codec: 1, log: 9 }, requested(3)),
      packs(1, second, deflate2, undefined, ...bidsFrom(4, 1, 2)),
    ],
    two,
  ),
  vector(
    'an isolated window that starts anew leaves the others alone',
    'W-075 W-077 W-080',
    [
      packs(0, first, deflate1, DEFLATE, ...bidsFrom(1, 0)),
      packs(1, first, deflate1, DEFLATE, ...bidsFrom(2, 0)),
      says(w.envelope({ window: ZSTD, windowId: 1 })),
      packs(0, second, deflate2, undefined, ...bidsFrom(3, 1, 2)),
      packs(1, get, concat(zstdHeader(20), zstdRaw(get)), undefined, requested(5)),
    ],
    two,
  ),
  vector(
    'the first window of each id is no glitch',
    'W-081',
    [
      packs(0, get, stored(get), DEFLATE, requested(1)),
      packs(1, get, stored(get), DEFLATE, requested(2)),
      glitchy(packs(1, get, stored(get), DEFLATE, requested(3))),
    ],
    { ...two, level: 'envelope' },
  ),
  vector(
    'table and ids are the same whichever window carried a record',
    'W-075 W-078',
    [
      packs(1, storing, stored(storing), DEFLATE, requested(1)),
      packs(2, needing, stored(needing), DEFLATE, requested(2)),
      packs(0, needing, stored(needing), DEFLATE, requested(3)),
      says(w.plain(needing), requested(4)),
    ],
    two,
  ),
  vector(
    'plain beside an isolated window',
    'W-075 W-014',
    [
      unpacking(
        needing,
        says(
          w.envelope({
            plain: storing,
            packed: stored(needing),
            unpacked: needing,
            window: DEFLATE,
            windowId: 2,
          }),
          requested(1),
          requested(2),
        ),
      ),
    ],
    two,
  ),
  vector('window_id 0 is the shared window', 'W-075 W-025', [
    packs(0, first, deflate1, DEFLATE, ...bidsFrom(1, 0)),
    unpacking(
      second,
      says(w.envelope({ packed: deflate2, unpacked: second }), ...bidsFrom(2, 1, 2)),
    ),
  ]),
  vector(
    'the highest window that there can be',
    'W-075',
    [packs(16, get, stored(get), DEFLATE, requested(1))],
    { receiver: { windows: 2 ** 32 - 1 } },
  ),
  fine(
    'a window_id without packed or window means nothing',
    'W-075',
    w.envelope({ plain: get, windowId: 2 }),
    [requested(1)],
    two,
  ),
];

const wrong: Vector[] = [
  beyond('an isolated window where the hello allows none', 1, {}),
  beyond('an isolated window above the limit of the hello', 3, two),
  beyond('an isolated window above 16, whatever the hello allows', 17, {
    receiver: { windows: 100 },
  }),
  beyond('the highest window_id of all', 2 ** 32 - 1, two),
  faulty(
    'a window_id that is not allowed, without packed',
    'W-075',
    w.envelope({ plain: get, windowId: 3 }),
    'COMPRESSION',
    two,
  ),
  vector(
    'packed before the window of its id, though the shared one runs',
    'W-075 W-019',
    [packs(0, get, stored(get), DEFLATE, requested(1)), fails(1, stored(get), get.length)],
    { ...two, level: 'envelope' },
  ),
  vector(
    'packed in the shared window, though only an isolated one runs',
    'W-075 W-019',
    [packs(1, get, stored(get), DEFLATE, requested(1)), fails(0, stored(get), get.length)],
    { ...two, level: 'envelope' },
  ),
  vector(
    'what the shared window has is unknown to an isolated one',
    'W-075 W-079',
    [
      packs(0, first, deflate1, DEFLATE, ...bidsFrom(1, 0)),
      packs(1, get, stored(get), DEFLATE, requested(2)),
      fails(1, deflate2, second.length),
    ],
    { ...two, level: 'envelope' },
  ),
];

export const isolatedTopic: Topic = {
  name: 'isolated-windows',
  about: 'Windows beside the shared one',
  vectors: [...running, ...wrong],
};
