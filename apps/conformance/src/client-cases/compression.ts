import { constants, deflateRawSync, zstdCompressSync } from 'node:zlib';
import type { ClientCase } from '../case.ts';
import type { CodecName } from '../codes.ts';
import { windowStart } from '../craft/envelope.ts';
import { op, status } from '../craft/head.ts';
import { packOnce } from '../craft/packer.ts';
import { concat, uint } from '../craft/protobuf.ts';
import { batch, response } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { expectAnswer } from '../engine/result.ts';
import { get } from './ask.ts';
import { endsLink, needing, ok } from './shapes.ts';

const LEAST = { DEFLATE: 9, ZSTD: 10 };
const ABOVE = { DEFLATE: 16, ZSTD: 23 };
const FIELDS = [['x-repeats', 'the same again and again']] as const;

/** The largest window of the codec that the client takes. */
function offered(link: ClientLink, codec: CodecName): number {
  return link.peer.offers.find((offer) => offer.codec === codec)?.windowLog ?? 0;
}

/** Answers these requests in one packed envelope. */
function answerPacked(link: ClientLink, ...ids: readonly number[]): void {
  link.sendPacked(ids.map((id) => response(status(200, FIELDS), { id, body: `answer ${id}` })));
}

/** So many requests, all of which the kit answers with what it packs. */
function packing(
  rule: string,
  name: string,
  count: number,
  say: (link: ClientLink, ids: readonly number[]) => unknown,
): ClientCase {
  const paths = Array.from({ length: count }, (_, i) => `/${i}`);
  return {
    rule,
    name,
    requests: paths.map((path) => get(path)),
    async run(client) {
      const link = await client.link();
      const ids: number[] = [];
      for (const path of paths) ids.push((await link.request(path)).id);
      await say(link, ids);
      const results = await client.results();
      for (const [at, id] of ids.entries()) {
        expectAnswer(results[at], { status: 200, fields: FIELDS, body: `answer ${id}` });
      }
    },
  };
}

/** What every codec must do. */
function windows(codec: CodecName): ClientCase[] {
  return needing(codec, [
    packing('W-070', `${codec}: one window goes on over many envelopes`, 20, (link, ids) => {
      link.startWindow(codec, offered(link, codec));
      for (const id of ids) answerPacked(link, id);
    }),
    packing('W-070', `${codec}: a window starts anew with a later envelope`, 12, (link, ids) => {
      for (const [at, id] of ids.entries()) {
        const log = at === 6 ? LEAST[codec] : offered(link, codec);
        if (at % 3 === 0) link.startWindow(codec, log);
        answerPacked(link, id);
      }
    }),
    packing(
      'W-078',
      `${codec}: a window that starts anew changes no table and no id`,
      2,
      (link, [first = 0, second = 0]) => {
        const [[name, value]] = FIELDS;
        link.startWindow(codec, offered(link, codec));
        const stores = ok([op.name(4), op.store(4, 5)], name, value);
        link.sendPacked([response(stores, { id: first, body: `answer ${first}` })]);
        link.startWindow(codec, offered(link, codec));
        const refers = ok([op.field(5)]);
        link.sendPacked([response(refers, { id: second, body: `answer ${second}` })]);
      },
    ),
    packing(
      'W-080',
      `${codec}: batches in plain alone leave the window as it is`,
      6,
      (link, ids) => {
        link.startWindow(codec, offered(link, codec));
        for (const [at, id] of ids.entries()) {
          if (at % 2 === 0) answerPacked(link, id);
          else link.answer(id, 200, FIELDS, { body: `answer ${id}` });
        }
      },
    ),
    packing(
      'W-077',
      `${codec}: a window may start without packed; the next packed is its first`,
      2,
      (link, ids) => {
        link.sendParts({ window: windowStart(codec, LEAST[codec]) });
        link.startWindow(codec, offered(link, codec));
        link.sendParts({ window: windowStart(codec, offered(link, codec)) });
        link.windowIsDeclared();
        for (const id of ids) answerPacked(link, id);
      },
    ),
    packing('W-071', `${codec}: the smallest window is taken`, 3, (link, ids) => {
      link.startWindow(codec, LEAST[codec]);
      for (const id of ids) {
        const long = response(
          status(103, [['x-long', `${'x'.repeat(3_000)}${id}`]]),
          { id },
          false,
        );
        link.sendPacked([long, long]);
        answerPacked(link, id);
      }
    }),
    badWindow('W-071', `${codec}: a window above the offer ends the link`, (link, id) =>
      declares(link, id, codec, offered(link, codec) + 1),
    ),
    badWindow('W-071', `${codec}: a window above what there may be ends the link`, (link, id) =>
      declares(link, id, codec, ABOVE[codec]),
    ),
    badWindow('W-071', `${codec}: a window that is too small ends the link`, (link, id) =>
      declares(link, id, codec, LEAST[codec] - 1),
    ),
    badWindow('W-071', `${codec}: a window without its size ends the link`, (link) =>
      link.sendParts({ window: uint(1, codec === 'ZSTD' ? 2 : 1) }),
    ),
    badWindow('W-079', `${codec}: bytes that cannot be unpacked end the link`, (link, id) =>
      declares(link, id, codec, offered(link, codec), concat('no compressor has written this')),
    ),
    badWindow('W-079', `${codec}: a batch that breaks off ends the link`, (link, id) => {
      const plain = answerTo(id);
      const whole = codec === 'DEFLATE' ? packOnce(plain) : zstdOnce(plain, offered(link, codec));
      declares(link, id, codec, offered(link, codec), whole.subarray(0, 8));
    }),
    badWindow(
      'W-079',
      `${codec}: a window that was forgotten cannot be gone on with`,
      (link, id) => {
        const log = offered(link, codec);
        const said = response(status(103, FIELDS), { id }, false);
        link.startWindow(codec, log);
        link.sendPacked([said, said]);
        link.sendParts({ window: windowStart(codec, log) });
        link.sendPacked([said]);
      },
    ),
  ]);
}

function badWindow(
  rule: string,
  name: string,
  say: (link: ClientLink, id: number) => unknown,
): ClientCase {
  return endsLink(rule, name, 'COMPRESSION', say);
}

function answerTo(id: number): Uint8Array {
  return batch([response(status(200, FIELDS), { id })]);
}

/** An envelope that declares a window, with an answer or something else packed. */
function declares(
  link: ClientLink,
  id: number,
  codec: CodecName,
  windowLog: number,
  packed: Uint8Array = packOnce(answerTo(id)),
): void {
  const plain = answerTo(id);
  const window = windowStart(codec, windowLog);
  link.sendParts({ packed, unpackedSize: plain.length, window }, plain);
}

function zstdOnce(bytes: Uint8Array, windowLog: number): Uint8Array {
  const params = { [constants.ZSTD_c_windowLog]: windowLog };
  return zstdCompressSync(bytes, { finishFlush: constants.ZSTD_e_flush, params });
}

const codecs: readonly ClientCase[] = [
  badWindow('W-071', 'a window of NONE ends the link', (link) =>
    link.sendParts({ window: windowStart('NONE', 15) }),
  ),
  badWindow('W-071', 'a window of an unknown codec ends the link', (link) =>
    link.sendParts({ window: concat(uint(1, 9), uint(2, 15)) }),
  ),
  badWindow('W-071', 'a window of codec 2^32 - 1 ends the link', (link) =>
    link.sendParts({ window: concat(uint(1, 2 ** 32 - 1), uint(2, 15)) }),
  ),
  badWindow('W-071', 'an empty window ends the link', (link) =>
    link.sendParts({ window: new Uint8Array(0) }),
  ),
  ...(['DEFLATE', 'ZSTD'] as const).map((codec) =>
    badWindow('W-071', `a window of ${codec} ends the link unless it was offered`, (link, id) => {
      const isOffered = link.peer.offers.some((offer) => offer.codec === codec);
      declares(link, id, codec, isOffered ? ABOVE[codec] : LEAST[codec]);
    }),
  ),
  ...needing('ZSTD', [
    badWindow('W-074', 'a frame whose window is larger than declared ends the link', (link, id) => {
      const large = response(status(103, [['x', 'x'.repeat(8_000)]]), { id }, false);
      const unpacked = batch(new Array(90).fill(large));
      const packed = zstdOnce(unpacked, offered(link, 'ZSTD'));
      const window = windowStart('ZSTD', 10);
      link.sendParts({ packed, unpackedSize: unpacked.length, window }, unpacked);
    }),
  ]),
  ...needing('DEFLATE', [
    packing('W-073', 'DEFLATE: a block that is stored is taken', 1, (link, [id = 0]) => {
      const said = response(status(200, FIELDS), { id, body: `answer ${id}` });
      const unpacked = batch([said]);
      const stored = deflateRawSync(unpacked, { level: 0, finishFlush: constants.Z_SYNC_FLUSH });
      const window = windowStart('DEFLATE', 15);
      const packed = concat(stored, Uint8Array.of(0, 0, 0, 0xff, 0xff));
      link.sendParts({ packed, unpackedSize: unpacked.length, window }, unpacked);
      if (said.note !== undefined) link.referee.kitSays(said.note);
    }),
    packing('W-070', 'the codec may change from one window to the next', 8, (link, ids) => {
      const all = link.peer.offers.map(({ codec }) => codec);
      for (const [at, id] of ids.entries()) {
        const codec = all[at % all.length] ?? 'DEFLATE';
        link.startWindow(codec, offered(link, codec));
        answerPacked(link, id);
      }
    }),
  ]),
];

/** Section 9: what a client unpacks. */
export const compression: readonly ClientCase[] = [
  ...windows('DEFLATE'),
  ...windows('ZSTD'),
  ...codecs,
];
