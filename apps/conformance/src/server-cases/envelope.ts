import { constants, crc32, deflateRawSync } from 'node:zlib';
import type { ServerCase } from '../case.ts';
import { windowStart } from '../craft/envelope.ts';
import { get, op, PATH } from '../craft/head.ts';
import { packOnce } from '../craft/packer.ts';
import { bytes, uint, varint } from '../craft/protobuf.ts';
import { batch, record, request } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { text } from '../engine/text.ts';
import { endsLink, GET, isFine, needing } from './shapes.ts';

const DEFLATE = windowStart('DEFLATE', 15);
const plain = batch([GET]);
const packed = packOnce(plain);

/** A batch of exactly so many bytes: one record of an unknown kind. */
function batchOf(length: number): Uint8Array {
  const around = batch([record(12, 'x'.repeat(length - 10))]).length - (length - 10);
  return batch([record(12, 'x'.repeat(length - around))]);
}

/** Says an envelope with a window that has begun before. */
function sendPacked(
  link: ServerLink,
  unpackedSize: number,
  bytesPacked: Uint8Array,
  unpacked: Uint8Array,
) {
  link.sendParts({ packed: bytesPacked, unpackedSize, window: DEFLATE }, unpacked);
}

const lanes: readonly ServerCase[] = [
  isFine('W-020', 'an envelope with neither plain nor packed is allowed', (link) => {
    link.sendParts({});
    link.sendParts({ unpackedSize: 0 });
  }),
  isFine('W-121', 'an empty plain is none', (link) => link.sendParts({ plain: new Uint8Array(0) })),
  isFine('W-002', 'a field of an envelope that nobody knows is skipped', (link) =>
    link.sendParts({ extra: bytes(7, 'unknown') }),
  ),
  isFine('W-005', 'of a plain that stands twice, the last one counts', (link) => {
    const last = batch([record(12, 'x')]);
    link.sendParts({ plain, crc: crc32(last), extra: bytes(1, last) });
  }),
];

const checksums: readonly ServerCase[] = [
  endsLink('W-017', 'a wrong crc of plain ends the link', 'CHECKSUM', (link) =>
    link.sendParts({ plain, crc: 0x12345678 }),
  ),
  endsLink('W-017', 'a missing crc ends the link', 'CHECKSUM', (link) =>
    link.sendParts({ plain, crc: undefined }),
  ),
  endsLink('W-017', 'a missing crc of an empty envelope ends the link', 'CHECKSUM', (link) =>
    link.sendParts({ crc: undefined, extra: uint(99, 1) }),
  ),
  {
    rule: 'W-017',
    name: 'a checksum that the acceptor wants is wanted though the dialer asks for none',
    async run(server) {
      const link = await server.open({ checksum: false });
      await link.alive();
      link.sendParts({ plain, crc: undefined });
      if (link.peer.checksum) await link.fails('CHECKSUM');
      else await link.answer(link.referee.kitSays({ kind: 'request', id: 0, more: false }));
    },
  },
  {
    rule: 'W-122',
    name: 'nothing of an envelope with a wrong crc is processed',
    async run(server) {
      const name = server.name('crc');
      const link = await server.open();
      link.sendParts({ plain: batch([request(get(`/hit/${name}`))]), crc: 1 });
      await link.fails('CHECKSUM');
      const hits = await (await server.open()).get(`/hits/${name}`);
      expectEqual('the hits', text(hits.body), '0');
    },
  },
];

const sizes: readonly ServerCase[] = [
  isFine('W-018', 'a plain of exactly batch_unpacked is taken', (link) =>
    link.sendParts({ plain: batchOf(link.peer.limits.batchUnpacked) }),
  ),
  endsLink('W-018', 'a plain of batch_unpacked + 1 ends the link', 'DECOMPRESSION_LIMIT', (link) =>
    link.sendParts({ plain: batchOf(link.peer.limits.batchUnpacked + 1) }),
  ),
  endsLink(
    'W-120',
    'a length that no envelope can have ends the link before anything follows',
    'DECOMPRESSION_LIMIT',
    (link) => {
      const { batchPacked, batchUnpacked } = link.peer.limits;
      link.raw(varint(batchPacked + batchUnpacked + 65));
    },
  ),
  isFine(
    'W-120',
    'an envelope of the longest length is taken, however little of it is known',
    (link) => {
      const { batchPacked, batchUnpacked } = link.peer.limits;
      const longest = batchPacked + batchUnpacked + 64;
      // The crc takes 5 bytes; the unknown field's tag and length 6.
      link.sendParts({ extra: bytes(99, 'x'.repeat(longest - 5 - 6)) });
    },
  ),
];

const undeclared: readonly ServerCase[] = [
  endsLink('W-016', 'a declared size without packed ends the link', 'COMPRESSION', (link) =>
    link.sendParts({ unpackedSize: 10 }),
  ),
  endsLink('W-019', 'packed before any window ends the link', 'COMPRESSION', (link) =>
    link.sendParts({ packed, unpackedSize: plain.length }, plain),
  ),
];

const deflated: readonly ServerCase[] = needing('DEFLATE', [
  {
    rule: 'W-014',
    name: 'plain is processed before packed, wherever they stand in the envelope',
    async run(server) {
      const link = await server.open();
      const stores = request({
        ops: [op.value(0), op.store(PATH, 4)],
        text: ['GET', '/target/one'],
      });
      const refers = request({ ops: [op.value(0), op.field(4)], text: ['GET'] });
      link.startWindow('DEFLATE', 15);
      const second = link.sendPacked([refers], [stores]);
      expectEqual('the second target', text((await link.answer(second)).body), '/target/one');
      await link.answer(second - 1);
    },
  },
  endsLink('W-017', 'a wrong crc of packed ends the link', 'CHECKSUM', (link) =>
    link.sendParts({ packed, unpackedSize: plain.length, window: DEFLATE, crc: 0x12345678 }),
  ),
  endsLink('W-017', 'a crc of packed as it is packed ends the link', 'CHECKSUM', (link) =>
    sendPacked(link, plain.length, packed, packed),
  ),
  endsLink('W-017', 'a crc of packed before plain ends the link', 'CHECKSUM', (link) => {
    const other = batch([record(12, 'beside')]);
    link.sendParts({
      plain: other,
      packed,
      unpackedSize: plain.length,
      window: DEFLATE,
      crc: crc32(other, crc32(plain)),
    });
  }),
  isFine(
    'W-018',
    'a packed batch of exactly batch_unpacked is taken: no limit to a ratio',
    (link) => {
      const zeros = batchOf(link.peer.limits.batchUnpacked);
      sendPacked(link, zeros.length, packOnce(zeros), zeros);
    },
  ),
  endsLink(
    'W-018',
    'a declared size above batch_unpacked ends the link',
    'DECOMPRESSION_LIMIT',
    (link) => sendPacked(link, link.peer.limits.batchUnpacked + 1, packed, plain),
  ),
  endsLink('W-018', 'a declared size of 2^32 - 1 ends the link', 'DECOMPRESSION_LIMIT', (link) =>
    sendPacked(link, 2 ** 32 - 1, packed, plain),
  ),
  endsLink(
    'W-018',
    'plain and declared size together above the limit end the link',
    'DECOMPRESSION_LIMIT',
    (link) => {
      const { batchUnpacked } = link.peer.limits;
      const parts = { packed, unpackedSize: batchUnpacked, window: DEFLATE };
      link.sendParts({ ...parts, plain: batch([record(12, 'x')]) }, plain);
    },
  ),
  endsLink(
    'W-018',
    'a packed longer than batch_packed ends the link',
    'DECOMPRESSION_LIMIT',
    (link) =>
      sendPacked(link, plain.length, new Uint8Array(link.peer.limits.batchPacked + 1), plain),
  ),
  endsLink('W-016', 'fewer bytes than declared end the link', 'COMPRESSION', (link) =>
    sendPacked(link, plain.length + 1, packed, plain),
  ),
  endsLink('W-016', 'more bytes than declared end the link', 'COMPRESSION', (link) =>
    sendPacked(link, plain.length - 1, packed, plain),
  ),
  endsLink(
    'W-016',
    'a declared size of 0 for what unpacks to more ends the link',
    'COMPRESSION',
    (link) => sendPacked(link, 0, packed, plain),
  ),
  endsLink(
    'W-016',
    'a bomb of 64 MiB ends the link',
    ['COMPRESSION', 'DECOMPRESSION_LIMIT'],
    (link) => sendPacked(link, link.peer.limits.batchUnpacked, bomb(), plain),
  ),
  endsLink(
    'W-016',
    'a bomb that declares little ends the link',
    ['COMPRESSION', 'DECOMPRESSION_LIMIT'],
    (link) => sendPacked(link, 10, bomb(), plain),
  ),
]);

/** Section 4: envelopes. */
export const envelope: readonly ServerCase[] = [
  ...lanes,
  ...checksums,
  ...sizes,
  ...undeclared,
  ...deflated,
];

let made: Uint8Array | undefined;

/** 64 MiB of zeros in a quarter of `batch_packed`. */
function bomb(): Uint8Array {
  made ??= deflateRawSync(new Uint8Array(2 ** 26), {
    level: 9,
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  return made;
}
