import { concat, hex } from '../hex.ts';
import { breaks, fine, getWith, glitchy, requested, says, unpacking, vector } from './draft.ts';
import { bids, needing, stored, storing, zstdHeader, zstdRaw, zstdRun } from './packed.ts';
import type { LinkFault, Said, Step, Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const DEFLATE = { codec: 1, log: 15 };
const ZSTD = { codec: 2, log: 20 };
const envelope = { level: 'envelope' } as const;
const get = w.request(getWith());
const [first = hex(''), second = hex(''), third = hex('')] = bids.batches;
const [one, two, three, four] = bids.requests;

/** An envelope of one packed batch that brings these records. */
function packs(
  batch: Uint8Array,
  packed: Uint8Array,
  window: w.WindowStart | undefined,
  ...records: readonly (Said | undefined)[]
): Step {
  const parts = { packed, unpacked: batch, ...(window === undefined ? {} : { window }) };
  const said = records.filter((record) => record !== undefined);
  return unpacking(batch, says(w.envelope(parts), ...said));
}

/** An envelope of a packed batch that ends the link. */
function fails(
  packed: Uint8Array,
  window: w.WindowStart | undefined,
  unpackedSize = get.length,
  code = 'COMPRESSION',
): Step {
  const parts = { packed, unpackedSize, crc: 0, ...(window === undefined ? {} : { window }) };
  return breaks(w.envelope(parts), code);
}

/** A fault that shows when the batch is unpacked. */
function fault(name: string, rules: string, ...args: Parameters<typeof fails>): Vector {
  return vector(name, rules, [fails(...args)], envelope);
}

/** A fault that shows in the fields of the envelope. */
function misdeclared(name: string, rules: string, ...args: Parameters<typeof fails>): Vector {
  return vector(name, rules, [fails(...args)]);
}

const [deflate1 = hex(''), deflate2 = hex(''), deflate3 = hex('')] = bids.deflate;
const [zstd1 = hex(''), zstd2 = hex(''), zstd3 = hex('')] = bids.zstd;

const running: Vector[] = [
  vector('DEFLATE: three batches in one window', 'W-070 W-073 W-015', [
    packs(first, deflate1, DEFLATE, one),
    packs(second, deflate2, undefined, two, three),
    packs(third, deflate3, undefined, four),
  ]),
  vector('ZSTD: three batches in one window', 'W-070 W-074 W-015', [
    packs(first, zstd1, ZSTD, one),
    packs(second, zstd2, undefined, two, three),
    packs(third, zstd3, undefined, four),
  ]),
  vector('DEFLATE in stored blocks alone', 'W-073', [
    packs(get, stored(get), DEFLATE, requested(1)),
    packs(concat(get, get), stored(concat(get, get)), undefined, requested(2), requested(3)),
  ]),
  vector('ZSTD in raw blocks alone', 'W-074', [
    packs(get, concat(zstdHeader(20), zstdRaw(get)), ZSTD, requested(1)),
    packs(get, zstdRaw(get), undefined, requested(2)),
  ]),
  vector('a batch in several blocks', 'W-073 W-074', [
    packs(get, concat(stored(get.subarray(0, 3)), stored(get.subarray(3))), DEFLATE, requested(1)),
    packs(
      get,
      concat(zstdHeader(10), zstdRaw(get.subarray(0, 7)), zstdRaw(get.subarray(7))),
      { codec: 2, log: 10 },
      requested(2),
    ),
  ]),
  vector('the smallest windows', 'W-071', [
    packs(get, stored(get), { codec: 1, log: 9 }, requested(1)),
    packs(get, concat(zstdHeader(10), zstdRaw(get)), { codec: 2, log: 10 }, requested(2)),
  ]),
  vector(
    'the largest windows, where they were offered',
    'W-071',
    [
      packs(get, concat(zstdHeader(22), zstdRaw(get)), { codec: 2, log: 22 }, requested(1)),
      packs(get, stored(get), DEFLATE, requested(2)),
    ],
    {
      offers: [
        { codec: 'ZSTD', window_log: 22 },
        { codec: 'DEFLATE', window_log: 15 },
      ],
    },
  ),
  vector('a frame whose window is smaller than declared', 'W-074', [
    packs(get, concat(zstdHeader(10), zstdRaw(get)), ZSTD, requested(1)),
  ]),
  vector('batches in plain between packed ones leave the window as it is', 'W-080', [
    packs(first, deflate1, DEFLATE, one),
    says(w.plain(w.credit(0, 1)), { kind: 'credit', id: 0, bytes: 1 }),
    packs(second, deflate2, undefined, two, three),
  ]),
];

const restarted: Vector[] = [
  vector('a window starts anew with the same codec', 'W-070', [
    packs(first, deflate1, DEFLATE, one),
    packs(get, stored(get), DEFLATE, requested(2)),
    packs(get, stored(get), undefined, requested(3)),
  ]),
  vector(
    'what was in the old window is forgotten: DEFLATE',
    'W-070 W-079',
    [packs(first, deflate1, DEFLATE, one), fails(deflate2, DEFLATE, second.length)],
    envelope,
  ),
  vector(
    'what was in the old window is forgotten: ZSTD',
    'W-070 W-079',
    [packs(first, zstd1, ZSTD, one), fails(zstd2, ZSTD, second.length)],
    envelope,
  ),
  vector('a window starts anew with another codec, and back', 'W-070', [
    packs(get, stored(get), DEFLATE, requested(1)),
    packs(get, concat(zstdHeader(20), zstdRaw(get)), ZSTD, requested(2)),
    packs(get, zstdRaw(get), undefined, requested(3)),
    packs(get, stored(get), DEFLATE, requested(4)),
  ]),
  vector('a window without packed starts it all the same', 'W-077', [
    says(w.envelope({ plain: get, window: DEFLATE }), requested(1)),
    packs(get, stored(get), undefined, requested(2)),
  ]),
  vector('a window alone lets go: the next packed is the first of a new one', 'W-077 W-080 W-020', [
    packs(first, deflate1, DEFLATE, one),
    says(w.envelope({ window: DEFLATE })),
    packs(get, stored(get), undefined, requested(2)),
  ]),
  vector('a window alone lets go, and the next packed starts another', 'W-077 W-070', [
    packs(first, deflate1, DEFLATE, one),
    says(w.envelope({ window: DEFLATE })),
    packs(get, concat(zstdHeader(20), zstdRaw(get)), ZSTD, requested(2)),
  ]),
  vector(
    'a window alone lets go: what was in the old one is forgotten',
    'W-077 W-079',
    [
      packs(first, deflate1, DEFLATE, one),
      says(w.envelope({ window: DEFLATE })),
      fails(deflate2, undefined, second.length),
    ],
    envelope,
  ),
  vector('a window that is let go before its first packed', 'W-077 W-020', [
    says(w.envelope({ window: ZSTD })),
    says(w.envelope({ window: DEFLATE })),
    packs(first, deflate1, undefined, one),
  ]),
  vector(
    'a window that starts anew counts as a glitch, the first does not',
    'W-081 W-095',
    [
      packs(get, stored(get), DEFLATE, requested(1)),
      glitchy(packs(get, stored(get), DEFLATE, requested(2))),
      glitchy(says(w.envelope({ window: DEFLATE }))),
    ],
    envelope,
  ),
  vector('the table and ids outlive a window', 'W-078', [
    packs(storing, stored(storing), DEFLATE, requested(1)),
    packs(needing, concat(zstdHeader(20), zstdRaw(needing)), ZSTD, requested(2)),
    says(w.plain(needing), requested(3)),
  ]),
  vector('both lanes share the table, plain first', 'W-014 W-021', [
    unpacking(
      needing,
      says(
        w.envelope({ plain: storing, packed: stored(needing), unpacked: needing, window: DEFLATE }),
        requested(1),
        requested(2),
      ),
    ),
    packs(needing, stored(needing), undefined, requested(3)),
  ]),
  vector('an empty packed in a window that runs', 'W-121 W-015', [
    packs(get, stored(get), DEFLATE, requested(1)),
    says(w.envelope({ plain: get, packed: hex('') }), requested(2)),
  ]),
];

const declared: Vector[] = [
  fault('packed before any window', 'W-019', stored(get), undefined),
  misdeclared('a window of NONE', 'W-071', get, { codec: 0, log: 15 }),
  misdeclared('a window that is empty', 'W-071', get, {}),
  misdeclared('a window of an unknown codec', 'W-071 W-113', get, { codec: 3, log: 15 }),
  misdeclared('a window without window_log', 'W-071', stored(get), { codec: 1 }),
  misdeclared('DEFLATE with window_log 8', 'W-071', stored(get), { codec: 1, log: 8 }),
  misdeclared('DEFLATE with window_log 16', 'W-071', stored(get), { codec: 1, log: 16 }),
  misdeclared('ZSTD with window_log 9', 'W-071', concat(zstdHeader(10), zstdRaw(get)), {
    codec: 2,
    log: 9,
  }),
  fault('ZSTD with window_log 21 against an offer of 20', 'W-071', zstdRaw(get), {
    codec: 2,
    log: 21,
  }),
  misdeclared('ZSTD with window_log 23', 'W-071', zstdRaw(get), { codec: 2, log: 23 }),
  vector(
    'DEFLATE with window_log 12 against an offer of 11',
    'W-071',
    [fails(stored(get), { codec: 1, log: 12 })],
    { ...envelope, offers: [{ codec: 'DEFLATE', window_log: 11 }] },
  ),
  vector(
    'ZSTD where only DEFLATE was offered',
    'W-071',
    [fails(concat(zstdHeader(20), zstdRaw(get)), ZSTD)],
    { ...envelope, offers: [{ codec: 'DEFLATE', window_log: 15 }] },
  ),
  vector('packed where nothing was offered', 'W-071 W-019', [fails(stored(get), DEFLATE)], {
    ...envelope,
    offers: [],
  }),
  vector('an unknown field in a window is skipped', 'W-002', [
    unpacking(
      get,
      says(
        w.envelope({
          packed: stored(get),
          unpacked: get,
          extra: w.bytes(5, hex('08 01 10 0f 18 07')),
        }),
        requested(1),
      ),
    ),
  ]),
];

const broken: Vector[] = [
  fault('DEFLATE: unpacked_size is one too low', 'W-016', stored(get), DEFLATE, get.length - 1),
  fault('DEFLATE: unpacked_size is one too high', 'W-016', stored(get), DEFLATE, get.length + 1),
  fault(
    'ZSTD: unpacked_size is one too low',
    'W-016',
    concat(zstdHeader(20), zstdRaw(get)),
    ZSTD,
    get.length - 1,
  ),
  fault(
    'ZSTD: unpacked_size is one too high',
    'W-016',
    concat(zstdHeader(20), zstdRaw(get)),
    ZSTD,
    get.length + 1,
  ),
  fault('DEFLATE: unpacked_size is missing', 'W-016', stored(get), DEFLATE, 0),
  fault('DEFLATE: a block type that is reserved', 'W-079', hex('07 00 00 00 ff ff'), DEFLATE),
  fault('DEFLATE: a stored block whose lengths differ', 'W-079', hex('00 01 00 01 00 61'), DEFLATE),
  fault('DEFLATE: a batch that is cut off', 'W-015 W-016', stored(get).slice(0, -10), DEFLATE),
  fault('ZSTD: no frame at all', 'W-079', Uint8Array.from(Buffer.from('no frame at all')), ZSTD),
  fault(
    'ZSTD: a block type that is reserved',
    'W-079',
    concat(zstdHeader(20), hex('7e 00 00'), get),
    ZSTD,
  ),
  fault(
    'ZSTD: a frame that wants a larger window than declared',
    'W-074 W-072',
    concat(zstdHeader(20), zstdRaw(get)),
    { codec: 2, log: 19 },
  ),
  fault(
    'ZSTD: a batch that is cut off',
    'W-015 W-016',
    concat(zstdHeader(20), zstdRaw(get)).slice(0, -1),
    ZSTD,
  ),
];

const LEAST = 131_072;
const small = { receiver: { batch_packed: LEAST, batch_unpacked: LEAST } } as const;
const bombFault: LinkFault = { scope: 'link', code: 'COMPRESSION', or: 'DECOMPRESSION_LIMIT' };
const filler = (length: number) => w.bytes(15, new Uint8Array(length));
/** A request and 131,055 - 12 further bytes: packed into stored blocks, 131,072. */
const fullest = concat(get, filler(LEAST - 15 - get.length - 4));
const largest = concat(get, filler(LEAST - get.length - 4));

const sizes: Vector[] = [
  vector(
    'a packed of 131,072 bytes against batch_packed of 131,072',
    'W-018',
    [glitchy(packs(fullest, stored(fullest), DEFLATE, requested(1)))],
    small,
  ),
  vector(
    'a batch that unpacks to 131,072 bytes against batch_unpacked of 131,072',
    'W-018 W-016',
    [
      glitchy(
        packs(
          largest,
          concat(
            zstdHeader(20),
            zstdRaw(largest.subarray(0, get.length + 4)),
            zstdRun(0, LEAST - get.length - 4),
          ),
          ZSTD,
          requested(1),
        ),
      ),
    ],
    small,
  ),
  vector('a legal ratio of thousands to one', 'W-018', [
    glitchy(
      packs(
        filler(1_000_000),
        concat(
          zstdHeader(20),
          zstdRaw(filler(1_000_000).subarray(0, 4)),
          ...Array.from({ length: 10 }, () => zstdRun(0, 100_000)),
        ),
        ZSTD,
      ),
    ),
  ]),
  vector(
    'a bomb: more comes out than was declared and than batch_unpacked allows',
    'W-016',
    [
      {
        ...fails(
          concat(zstdHeader(20), ...Array.from({ length: 64 }, () => zstdRun(0, 131_072))),
          ZSTD,
          LEAST,
        ),
        error: bombFault,
      },
    ],
    { ...envelope, ...small },
  ),
];

const lanes: Vector[] = [
  fine(
    'with codec NONE all records are in plain',
    'W-019',
    w.plain(get, get),
    [requested(1), requested(2)],
    { offers: [] },
  ),
];

export const windowsTopic: Topic = {
  name: 'windows',
  about: 'Packed batches: windows that start, go on, start anew, and bytes that cannot be unpacked',
  vectors: [...running, ...restarted, ...declared, ...broken, ...sizes, ...lanes],
};
