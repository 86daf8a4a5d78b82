import { constants, crc32, deflateRawSync } from 'node:zlib';
import type { ClientCase } from '../case.ts';
import { envelope as content, plainEnvelope, windowStart } from '../craft/envelope.ts';
import { op, status } from '../craft/head.ts';
import { packOnce } from '../craft/packer.ts';
import { bytes, concat, uint, varint } from '../craft/protobuf.ts';
import { batch, record, response } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { get } from './ask.ts';
import { answers, endsLink, info, isFine, needing, ok } from './shapes.ts';

const DEFLATE = windowStart('DEFLATE', 15);

/** A batch that answers that request. */
function answerTo(id: number): Uint8Array {
  return batch([response(status(200), { id })]);
}

/** A batch of exactly so many bytes: one record of an unknown kind. */
function batchOf(length: number): Uint8Array {
  const around = batch([record(12, 'x'.repeat(length - 10))]).length - (length - 10);
  return batch([record(12, 'x'.repeat(length - around))]);
}

/** Says an envelope that starts a window. */
function sendPacked(link: ClientLink, unpackedSize: number, packed: Uint8Array, of: Uint8Array) {
  link.sendParts({ packed, unpackedSize, window: DEFLATE }, of);
}

const lengths: readonly ClientCase[] = [
  isFine('W-010', 'a length may be longer than needed within four bytes', (link) => {
    const inside = content({ plain: batch([record(12)]), crc: crc32(batch([record(12)])) });
    link.raw(concat(varint(inside.length, 4), inside));
  }),
  endsLink('W-010', 'an envelope of length 0 ends the link', 'PROTOCOL', (link) =>
    link.raw(concat('\0')),
  ),
  endsLink('W-010', 'a length of five bytes ends the link', 'PROTOCOL', (link) =>
    link.raw(Uint8Array.of(0x85, 0x80, 0x80, 0x80, 0)),
  ),
  answers(
    'W-010',
    'envelopes may come byte by byte',
    { status: 200, body: 'in bytes' },
    (link, id) => {
      const said = response(status(200), { id, body: 'in bytes' });
      for (const byte of plainEnvelope(batch([said]))) link.raw(Uint8Array.of(byte));
      if (said.note !== undefined) link.referee.kitSays(said.note);
    },
  ),
];

const lanes: readonly ClientCase[] = [
  isFine('W-020', 'an envelope with neither plain nor packed is allowed', (link) => {
    link.sendParts({});
    link.sendParts({ unpackedSize: 0 });
  }),
  isFine('W-121', 'an empty plain is none', (link) => link.sendParts({ plain: new Uint8Array(0) })),
  isFine('W-002', 'a field of an envelope that nobody knows is skipped', (link) =>
    link.sendParts({ extra: bytes(7, 'unknown') }),
  ),
  isFine('W-005', 'of a plain that stands twice, the last one counts', (link, id) => {
    const last = batch([record(12, 'x')]);
    link.sendParts({ plain: answerTo(id), crc: crc32(last), extra: bytes(1, last) });
  }),
];

const checksums: readonly ClientCase[] = [
  endsLink('W-017', 'a wrong crc of plain ends the link', 'CHECKSUM', (link, id) =>
    link.sendParts({ plain: answerTo(id), crc: 0x12345678 }),
  ),
  endsLink('W-017', 'a missing crc ends the link', 'CHECKSUM', (link, id) =>
    link.sendParts({ plain: answerTo(id), crc: undefined }),
  ),
  endsLink('W-017', 'a missing crc of an empty envelope ends the link', 'CHECKSUM', (link) =>
    link.sendParts({ crc: undefined, extra: uint(99, 1) }),
  ),
  {
    rule: 'W-122',
    name: 'nothing of an envelope with a wrong crc is processed',
    requests: [get('/')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      link.sendParts({ plain: answerTo(id), crc: 1 });
      await link.fails('CHECKSUM');
      expectError((await client.results())[0], ['CHECKSUM'], 'maybe');
    },
  },
  {
    rule: 'W-017',
    name: 'a checksum that the client wants is wanted though the acceptor asks for none',
    requests: [get('/'), get('/last')],
    async run(client) {
      const link = await client.link({ checksum: false });
      const { id } = await link.request('/');
      await link.request('/last');
      link.sendParts({ plain: answerTo(id), crc: undefined });
      if (link.peer.checksum) await link.fails('CHECKSUM');
      else await link.alive();
    },
  },
  {
    rule: 'W-017',
    name: 'a checksum that the acceptor asks for is there, one that is there is checked',
    requests: [get('/')],
    async run(client) {
      const link = await client.link({ checksum: true });
      const { id } = await link.request('/');
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
];

const sizes: readonly ClientCase[] = [
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
  endsLink('W-016', 'a declared size without packed ends the link', 'COMPRESSION', (link) =>
    link.sendParts({ unpackedSize: 10 }),
  ),
  endsLink('W-019', 'packed before any window ends the link', 'COMPRESSION', (link, id) => {
    const plain = answerTo(id);
    link.sendParts({ packed: packOnce(plain), unpackedSize: plain.length }, plain);
  }),
];

/** Something about an answer's batch and what it packs to that ends the link. */
function badlyPacked(
  rule: string,
  name: string,
  codes: Parameters<typeof endsLink>[2],
  say: (link: ClientLink, plain: Uint8Array, packed: Uint8Array) => unknown,
): ClientCase {
  return endsLink(rule, name, codes, (link, id) => {
    const plain = answerTo(id);
    return say(link, plain, packOnce(plain));
  });
}

const deflated: readonly ClientCase[] = needing('DEFLATE', [
  answers(
    'W-014',
    'plain is processed before packed',
    { status: 200, fields: [['x-a', 'v']] },
    (link, id) => {
      const stores = response(info([op.name(4), op.store(4, 5)], 'x-a', 'v'), { id }, false);
      link.startWindow('DEFLATE', 15);
      link.sendPacked([response(ok([op.field(5)]), { id })], [stores]);
    },
  ),
  badlyPacked('W-017', 'a wrong crc of packed ends the link', 'CHECKSUM', (link, plain, packed) =>
    link.sendParts({ packed, unpackedSize: plain.length, window: DEFLATE, crc: 0x12345678 }),
  ),
  badlyPacked(
    'W-017',
    'a crc of packed as it is packed ends the link',
    'CHECKSUM',
    (link, plain, packed) => sendPacked(link, plain.length, packed, packed),
  ),
  badlyPacked(
    'W-017',
    'a crc of packed before plain ends the link',
    'CHECKSUM',
    (link, plain, packed) => {
      const other = batch([record(12, 'beside')]);
      const crc = crc32(other, crc32(plain));
      link.sendParts({ plain: other, packed, unpackedSize: plain.length, window: DEFLATE, crc });
    },
  ),
  isFine('W-018', 'a packed batch of exactly batch_unpacked is taken, at any ratio', (link) => {
    const zeros = batchOf(link.peer.limits.batchUnpacked);
    sendPacked(link, zeros.length, packOnce(zeros), zeros);
  }),
  badlyPacked(
    'W-018',
    'a declared size above batch_unpacked ends the link',
    'DECOMPRESSION_LIMIT',
    (link, plain, packed) => sendPacked(link, link.peer.limits.batchUnpacked + 1, packed, plain),
  ),
  badlyPacked(
    'W-018',
    'a declared size of 2^32 - 1 ends the link',
    'DECOMPRESSION_LIMIT',
    (link, plain, packed) => sendPacked(link, 2 ** 32 - 1, packed, plain),
  ),
  badlyPacked(
    'W-018',
    'plain and declared size together above the limit end the link',
    'DECOMPRESSION_LIMIT',
    (link, plain, packed) => {
      const unpackedSize = link.peer.limits.batchUnpacked;
      const beside = batch([record(12, 'x')]);
      link.sendParts({ packed, unpackedSize, window: DEFLATE, plain: beside }, plain);
    },
  ),
  badlyPacked(
    'W-018',
    'a packed longer than batch_packed ends the link',
    'DECOMPRESSION_LIMIT',
    (link, plain) =>
      sendPacked(link, plain.length, new Uint8Array(link.peer.limits.batchPacked + 1), plain),
  ),
  badlyPacked(
    'W-016',
    'fewer bytes than declared end the link',
    'COMPRESSION',
    (link, plain, packed) => sendPacked(link, plain.length + 1, packed, plain),
  ),
  badlyPacked(
    'W-016',
    'more bytes than declared end the link',
    'COMPRESSION',
    (link, plain, packed) => sendPacked(link, plain.length - 1, packed, plain),
  ),
  badlyPacked(
    'W-016',
    'a declared size of 0 for what unpacks to more ends the link',
    'COMPRESSION',
    (link, plain, packed) => sendPacked(link, 0, packed, plain),
  ),
  badlyPacked(
    'W-016',
    'a bomb of 64 MiB ends the link',
    ['COMPRESSION', 'DECOMPRESSION_LIMIT'],
    (link, plain) => sendPacked(link, link.peer.limits.batchUnpacked, bomb(), plain),
  ),
  badlyPacked(
    'W-016',
    'a bomb that declares little ends the link',
    ['COMPRESSION', 'DECOMPRESSION_LIMIT'],
    (link, plain) => sendPacked(link, 10, bomb(), plain),
  ),
]);

/** Section 4: envelopes. */
export const envelope: readonly ClientCase[] = [
  ...lengths,
  ...lanes,
  ...checksums,
  ...sizes,
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
