import { crc32 } from 'node:zlib';
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
import { needing, stored, storing } from './packed.ts';
import type { Topic, Vector } from './vector.ts';
import * as w from './writer.ts';

const get = w.request(getWith());
const unasked = { checksum: false } as const;
const window = { codec: 1, log: 15 };

const vectors: Vector[] = [
  faulty(
    'a crc that is wrong by one bit',
    'W-017',
    w.envelope({ plain: get, crc: crc32(get) ^ 1 }),
    'CHECKSUM',
  ),
  faulty('a crc that is missing', 'W-017', w.envelope({ plain: get, crc: 'none' }), 'CHECKSUM'),
  faulty(
    'a crc with its bytes in the other order',
    'W-017',
    w.envelope({ plain: get, crc: swapped(crc32(get)) }),
    'CHECKSUM',
  ),
  fine(
    'a crc that is missing where neither side asked for one',
    'W-017',
    w.envelope({ plain: get, crc: 'none' }),
    [requested(1)],
    unasked,
  ),
  fine(
    'a crc that is there where neither side asked for one',
    'W-017',
    w.plain(get),
    [requested(1)],
    unasked,
  ),
  faulty(
    'a crc that is wrong where neither side asked for one',
    'W-017',
    w.envelope({ plain: get, crc: 0 }),
    'CHECKSUM',
    unasked,
  ),
  vector('the crc of nothing is 0, and is needed too', 'W-017 W-020', [
    glitchy(says(hex('05 25 00 00 00 00'))),
    breaks(hex('05 25 01 00 00 00'), 'CHECKSUM'),
  ]),
  vector('the crc is that of plain followed by the unpacked bytes', 'W-017 W-021', [
    unpacking(
      needing,
      says(
        w.envelope({ plain: storing, packed: stored(needing), unpacked: needing, window }),
        requested(1),
        requested(2),
      ),
    ),
  ]),
  vector('the crc of packed bytes is taken of what they unpack to', 'W-017', [
    unpacking(
      get,
      breaks(
        w.envelope({ packed: stored(get), unpacked: get, crc: crc32(stored(get)), window }),
        'CHECKSUM',
      ),
    ),
  ]),
  vector('the crc of the two lanes in the other order is wrong', 'W-017', [
    unpacking(
      needing,
      breaks(
        w.envelope({
          plain: storing,
          packed: stored(needing),
          unpacked: needing,
          crc: crc32(concat(needing, storing)),
          window,
        }),
        'CHECKSUM',
      ),
    ),
  ]),
  vector('nothing of an envelope with a wrong crc is processed', 'W-017 W-122', [
    says(w.plain(get), requested(1)),
    breaks(w.envelope({ plain: concat(get, get), crc: 7 }), 'CHECKSUM'),
  ]),
];

export const checksumTopic: Topic = {
  name: 'checksum',
  about: 'The CRC of an envelope',
  vectors: vectors.map(({ name, rules, ...rest }) => ({ name, rules, level: 'envelope', ...rest })),
};

function swapped(value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.readUInt32LE();
}
