import { concat, hex } from '../hex.ts';
import { getWith } from './draft.ts';
import { METHOD, op, PATH } from './ops.ts';
import * as w from './writer.ts';

/** The longest that a stored block can be (RFC 1951 section 3.2.4). */
const LONGEST_STORED = 0xffff;

/** A batch in stored blocks of DEFLATE and a sync flush. */
export function stored(batch: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < batch.length; at += LONGEST_STORED) {
    blocks.push(storedBlock(batch.subarray(at, at + LONGEST_STORED)));
  }
  return concat(...blocks, storedBlock(hex('')));
}

function storedBlock(content: Uint8Array): Uint8Array {
  const { length } = content;
  const size = [length, length >>> 8];
  return concat(Uint8Array.of(0, ...size, ...size.map((byte) => ~byte)), content);
}

/** The header of a ZSTD frame with that window and nothing else to say (RFC 8878 section 3.1.1). */
export function zstdHeader(log: number): Uint8Array {
  return concat(hex('28 b5 2f fd 00'), Uint8Array.of((log - 10) << 3));
}

/** A raw block of ZSTD (RFC 8878 section 3.1.1.2). */
export function zstdRaw(content: Uint8Array, last = false): Uint8Array {
  return concat(zstdBlock(content.length, 0, last), content);
}

/** A block of ZSTD that is one byte, repeated. */
export function zstdRun(byte: number, times: number): Uint8Array {
  return concat(zstdBlock(times, 1, false), Uint8Array.of(byte));
}

function zstdBlock(size: number, type: number, last: boolean): Uint8Array {
  const header = (size << 3) | (type << 1) | (last ? 1 : 0);
  return Uint8Array.of(header, header >>> 8, header >>> 16);
}

const BID = (id: string) =>
  `{"id":"${id}","imp":[{"id":"1","banner":{"w":300,"h":250},"bidfloor":0.12}],"site":{"domain":"news.example"}}`;

const bid = (requestId: string, id: string) => {
  const { ops, text } = getWith(['x-request-id', requestId]);
  return w.request({ ops, text: ['POST', '/bid', ...text.slice(2)], body: BID(id) });
};

/** Three batches of four requests in all. */
export const bids = {
  batches: [
    bid('a1', '4f1c'),
    concat(bid('a2', '77d0'), bid('a3', '9be2')),
    bid('a4', '0c55'),
  ] as const,
  requests: (['4f1c', '77d0', '9be2', '0c55'] as const).map(
    (id, index) =>
      ({
        kind: 'request',
        id: index + 1,
        head: [
          [':method', 'POST'],
          [':path', '/bid'],
          ['x-request-id', `a${index + 1}`],
        ],
        body: BID(id),
      }) as const,
  ),
  /** What zlib 1.3 at level 6 makes of them, one window for all. */
  deflate: [
    hex(
      `2c ca 41 0a 82 40 14 06 60 2c db 48 27 68 f9 af 47 9b b1 da bc 4b 14 d4 2e 5a 8c cd 93 1e e8
       68 6a 28 c8 1c 22 e8 c0 11 b4 fd f8 92 4f 94 bc a3 cd 32 5a 2d 11 9f 8e e7 0b e2 6d 21 0e eb
       29 ed f8 f9 e2 7e 48 c5 61 61 4d 5e cd 10 07 c2 be 34 77 28 48 dd 82 ae 7f 33 50 28 ac f7 dc
       81 66 8c a0 9d d6 0a 0f 50 7e d0 41 a1 10 57 56 4d d3 81 74 66 f2 70 53 e8 65 e0 5f 75 4d 6d
       c5 83 e0 79 ec 33 9e 6c dd 56 8c 10 be 00 00 00 ff ff`,
    ),
    hex(
      'e2 22 d2 59 46 70 67 99 9b a7 18 0c 1a 67 19 c3 9d 65 99 94 6a 44 73 67 01 00 00 00 ff ff',
    ),
    hex('22 d6 59 26 70 67 19 24 9b 9a d2 dc 59 00 00 00 00 ff ff'),
  ],
  /** What zstd 1.5 at level 1 makes of them, one frame for all. */
  zstd: [
    hex(
      `28 b5 2f fd 00 50 44 04 00 02 c9 1f 22 50 ab 73 80 18 4b 02 00 d1 b2 cb 04 ec a0 18 1e 59 43
       02 98 1e 7b 9a e7 f6 06 9c 62 27 2e 9f 31 31 01 b5 9e a5 6a 92 1a 3b 57 c6 f4 7b da 72 a2 e6
       b7 3d 63 7d fd 35 ea 13 1d b8 b7 28 4a 8a 66 43 7f 15 1e 9e fd e3 0f c2 c2 3e fb b6 b7 98 52
       09 fd 3d 32 f6 d5 d4 7f 77 c4 c8 f0 fd ec 6f d2 13 25 e0 b3 1b ec e2 08 84 ad 46 13 7c 36 44
       58 be 50 20 12 cb 95 80 53 06 4e c2 b8 09 13 01 00 7f d9 84 02`,
    ),
    hex('cc 00 00 50 32 37 37 64 30 33 39 62 65 32 05 00 0e 26 81 e2 1a 00 25 28 ae a6 34 41'),
    hex('7c 00 00 30 0a 34 30 63 35 35 03 10 00 3e a9 38 25 1b'),
  ],
} as const;

/** A request whose path is stored in slot 4, and one that needs it. */
export const storing = w.request({
  ops: [...op.value(METHOD), ...op.store(PATH, 4)],
  text: ['GET', '/'],
});
export const needing = w.request({ ops: [...op.value(METHOD), ...op.field(4)], text: ['GET'] });
