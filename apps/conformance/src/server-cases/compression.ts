import { constants, deflateRawSync, zstdCompressSync } from 'node:zlib';
import type { ServerCase } from '../case.ts';
import type { CodecName } from '../codes.ts';
import { windowStart } from '../craft/envelope.ts';
import { get, op, PATH } from '../craft/head.ts';
import type { Offer } from '../craft/hello.ts';
import { packOnce } from '../craft/packer.ts';
import { uint } from '../craft/protobuf.ts';
import { batch, request } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { counted, text } from '../engine/text.ts';
import { endsLink, GET, needing } from './shapes.ts';

const plain = batch([GET]);
const packed = packOnce(plain);
const LEAST = { DEFLATE: 9, ZSTD: 10 };
const ABOVE = { DEFLATE: 16, ZSTD: 23 };

/** The largest window of the codec that the server takes. */
function offered(link: ServerLink, codec: CodecName): number {
  return link.peer.offers.find((offer) => offer.codec === codec)?.windowLog ?? 0;
}

/** Asks for targets in one packed envelope, and expects them back. */
async function packedTargets(link: ServerLink, ...targets: readonly string[]): Promise<void> {
  const last = link.sendPacked(targets.map((target) => request(get(target))));
  const first = last - targets.length + 1;
  for (const [at, target] of targets.entries()) {
    expectEqual('the target', text((await link.answer(first + at)).body), target);
  }
}

/** What every codec must do. */
function windows(codec: CodecName): ServerCase[] {
  return needing(codec, [
    {
      rule: 'W-070',
      name: `${codec}: one window goes on over many envelopes`,
      async run(server) {
        const link = await server.open();
        link.startWindow(codec, offered(link, codec));
        for (let i = 0; i < 20; i++) {
          await packedTargets(link, '/target/that/repeats', `/target/${i}`, '/target/that/repeats');
        }
      },
    },
    {
      rule: 'W-070',
      name: `${codec}: a window starts anew with a later envelope`,
      async run(server) {
        const link = await server.open();
        for (let i = 0; i < 3; i++) {
          link.startWindow(codec, i === 1 ? LEAST[codec] : offered(link, codec));
          await packedTargets(link, '/target/one', '/target/two');
          await packedTargets(link, '/target/one', '/target/two');
        }
      },
    },
    {
      rule: 'W-078',
      name: `${codec}: a window that starts anew changes no table, no id and no credit`,
      async run(server) {
        const link = await server.open();
        link.startWindow(codec, offered(link, codec));
        const store = { ops: [op.value(0), op.store(PATH, 4)], text: ['GET', '/target/kept'] };
        await link.answer(link.sendPacked([request(store)]));
        link.startWindow(codec, offered(link, codec));
        const refer = request({ ops: [op.value(0), op.field(4)], text: ['GET'] });
        const { body } = await link.answer(link.sendPacked([refer]));
        expectEqual('the target', text(body), '/target/kept');
      },
    },
    {
      rule: 'W-080',
      name: `${codec}: batches in plain alone leave the window as it is`,
      async run(server) {
        const link = await server.open();
        link.startWindow(codec, offered(link, codec));
        await packedTargets(link, '/target/a/long/one/to/repeat');
        await link.alive();
        await packedTargets(link, '/target/a/long/one/to/repeat');
      },
    },
    {
      rule: 'W-077',
      name: `${codec}: a window may start without packed; the next packed is its first`,
      async run(server) {
        const link = await server.open();
        link.sendParts({ window: windowStart(codec, LEAST[codec]) });
        link.startWindow(codec, offered(link, codec));
        link.sendParts({ window: windowStart(codec, offered(link, codec)) });
        link.windowIsDeclared();
        await packedTargets(link, '/target/one');
        await packedTargets(link, '/target/one');
      },
    },
    {
      rule: 'W-077',
      name: `${codec}: a window is let go by an envelope with nothing else, and is built anew`,
      async run(server) {
        const link = await server.open();
        for (let i = 0; i < 3; i++) {
          link.startWindow(codec, offered(link, codec));
          link.sendParts({ window: windowStart(codec, offered(link, codec)) });
          link.windowIsDeclared();
          await packedTargets(link, '/target/one', '/target/two');
          await packedTargets(link, '/target/one');
          await link.alive();
        }
      },
    },
    {
      rule: 'W-071',
      name: `${codec}: the smallest window is taken`,
      async run(server) {
        const link = await server.open();
        link.startWindow(codec, LEAST[codec]);
        const long = `/target/${'x'.repeat(3_000)}`;
        await packedTargets(link, long, `${long}/1`, long);
        await packedTargets(link, long);
      },
    },
    endsLink('W-071', `${codec}: a window above the offer ends the link`, 'COMPRESSION', (link) =>
      declares(link, codec, offered(link, codec) + 1),
    ),
    endsLink(
      'W-071',
      `${codec}: a window above what there may be ends the link`,
      'COMPRESSION',
      (link) => declares(link, codec, ABOVE[codec]),
    ),
    endsLink('W-071', `${codec}: a window that is too small ends the link`, 'COMPRESSION', (link) =>
      declares(link, codec, LEAST[codec] - 1),
    ),
    endsLink('W-071', `${codec}: a window without its size ends the link`, 'COMPRESSION', (link) =>
      link.sendParts(
        { packed, unpackedSize: plain.length, window: uint(1, codec === 'ZSTD' ? 2 : 1) },
        plain,
      ),
    ),
    endsLink(
      'W-079',
      `${codec}: bytes that cannot be unpacked end the link`,
      'COMPRESSION',
      (link) =>
        declares(link, codec, offered(link, codec), Buffer.from('no compressor has written this')),
    ),
    endsLink('W-079', `${codec}: a batch that breaks off ends the link`, 'COMPRESSION', (link) => {
      link.startWindow(codec, offered(link, codec));
      const whole = codec === 'DEFLATE' ? packed : zstdOnce(plain, offered(link, codec));
      declares(link, codec, offered(link, codec), whole.subarray(0, 8));
    }),
    endsLink(
      'W-079',
      `${codec}: a window that was forgotten cannot be gone on with`,
      'COMPRESSION',
      async (link) => {
        const log = offered(link, codec);
        link.startWindow(codec, log);
        await packedTargets(link, '/target/that/repeats/and/repeats');
        link.sendParts({ window: windowStart(codec, log) });
        link.sendPacked([{ ...request(get('/target/that/repeats/and/repeats')), note: undefined }]);
      },
    ),
  ]);
}

/** An envelope that declares a window, with something packed. */
function declares(link: ServerLink, codec: CodecName, windowLog: number, content = packed): void {
  const window = windowStart(codec, windowLog);
  link.sendParts({ packed: content, unpackedSize: plain.length, window }, plain);
}

function zstdOnce(bytes: Uint8Array, windowLog: number): Uint8Array {
  const params = { [constants.ZSTD_c_windowLog]: windowLog };
  return zstdCompressSync(bytes, { finishFlush: constants.ZSTD_e_flush, params });
}

const codecs: readonly ServerCase[] = [
  endsLink('W-071', 'a window of NONE ends the link', 'COMPRESSION', (link) =>
    link.sendParts({ window: windowStart('NONE', 15) }),
  ),
  endsLink('W-071', 'a window of an unknown codec ends the link', 'COMPRESSION', (link) =>
    link.sendParts({ window: Buffer.concat([uint(1, 9), uint(2, 15)]) }),
  ),
  endsLink('W-071', 'a window of codec 2^32 - 1 ends the link', 'COMPRESSION', (link) =>
    link.sendParts({ window: Buffer.concat([uint(1, 2 ** 32 - 1), uint(2, 15)]) }),
  ),
  endsLink('W-071', 'an empty window ends the link', 'COMPRESSION', (link) =>
    link.sendParts({ window: new Uint8Array(0) }),
  ),
  ...needing('ZSTD', [
    endsLink(
      'W-074',
      'a frame whose window is larger than declared ends the link',
      'COMPRESSION',
      (link) => {
        const large = batch([request(get('/')), request(get(`/target/${'x'.repeat(8_000)}`))]);
        const noise = Buffer.concat([large, batch(new Array(900).fill(GET))]);
        const whole = zstdOnce(noise, offered(link, 'ZSTD'));
        const window = windowStart('ZSTD', 10);
        link.sendParts({ packed: whole, unpackedSize: noise.length, window }, noise);
      },
    ),
  ]),
  ...needing('DEFLATE', [
    {
      rule: 'W-073',
      name: 'DEFLATE: blocks that are stored, fixed and empty are taken',
      async run(server) {
        const link = await server.open();
        const bytes = batch([request(get('/target/stored'))]);
        const stored = deflateRawSync(bytes, { level: 0, finishFlush: constants.Z_SYNC_FLUSH });
        const window = windowStart('DEFLATE', 15);
        const flushed = Buffer.concat([stored, Uint8Array.of(0, 0, 0, 0xff, 0xff)]);
        link.sendParts({ packed: flushed, unpackedSize: bytes.length, window }, bytes);
        const id = link.referee.kitSays({ kind: 'request', id: 0, more: false });
        expectEqual('the target', text((await link.answer(id)).body), '/target/stored');
      },
    },
    {
      rule: 'W-070',
      name: 'the codec may change from one window to the next',
      async run(server) {
        const link = await server.open();
        const all = link.peer.offers.map(({ codec }) => codec);
        for (const codec of [...all, ...all]) {
          link.startWindow(codec, offered(link, codec));
          await packedTargets(link, '/target/one', '/target/two');
        }
      },
    },
  ]),
];

/** The server under these offers: what it says is unpacked and judged by the referee. */
function sending(what: string, offers: readonly Offer[], mayPack = true): ServerCase {
  return {
    rule: mayPack ? 'W-071' : 'W-070',
    name: `a server that is offered ${what} ${mayPack ? 'packs so that it can be unpacked, or not at all' : 'packs nothing'}`,
    async run(server) {
      const link = await server.open({ offers });
      for (let i = 0; i < 5; i++) {
        const sent = [
          ['x-echo-a', 'the same again'],
          ['x-echo-b', `v${i}`],
        ] as const;
        expectEqual('the fields', (await link.get('/echo', sent)).fields, sent);
      }
      const { body } = await link.get('/bytes/200000');
      expectThat(Buffer.compare(body, counted(200_000)) === 0, 'the bytes', 'others');
      expectEqual('the length', (await link.get('/repeat/500000')).body.length, 500_000);
      const isPacked = link.referee.envelopes.some((one) => one.packed.length > 0);
      expectThat(mayPack || !isPacked, 'nothing packed', 'something packed');
    },
  };
}

const answers: readonly ServerCase[] = [
  sending('DEFLATE with the largest window', [{ codec: 'DEFLATE', windowLog: 15 }]),
  sending('DEFLATE with the smallest window', [{ codec: 'DEFLATE', windowLog: 9 }]),
  sending('DEFLATE without a window', [{ codec: 'DEFLATE', windowLog: 0 }]),
  sending('ZSTD with the largest window', [{ codec: 'ZSTD', windowLog: 22 }]),
  sending('ZSTD with the smallest window', [{ codec: 'ZSTD', windowLog: 10 }]),
  sending('ZSTD without a window', [{ codec: 'ZSTD', windowLog: 0 }]),
  sending('nothing', [], false),
  sending(
    'windows outside the bounds',
    [
      { codec: 'DEFLATE', windowLog: 16 },
      { codec: 'ZSTD', windowLog: 9 },
      { codec: 'ZSTD', windowLog: 23 },
    ],
    false,
  ),
  {
    rule: 'W-018',
    name: 'a server keeps to batches of 131,072 bytes, packed and unpacked',
    async run(server) {
      const limits = { batchPacked: 131_072, batchUnpacked: 131_072 };
      const link = await server.open({ limits });
      const ids = Array.from({ length: 6 }, () => link.ask(get('/bytes/60000')));
      const large = link.ask(get('/bytes/500000'));
      for (const id of ids) expectEqual('the length', (await link.answer(id)).body.length, 60_000);
      expectEqual('the length', (await link.answer(large)).body.length, 500_000);
    },
  },
  {
    rule: 'W-123',
    name: 'a server leaves room for bytes that packing makes longer',
    async run(server) {
      const limits = { batchPacked: 131_072, batchUnpacked: 131_072 };
      const link = await server.open({ limits });
      let state = 1;
      const noise = Uint8Array.from({ length: 65_536 }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state >>> 24;
      });
      const ids = Array.from({ length: 4 }, () =>
        link.ask({ ops: [op.value(0), op.value(1)], text: ['POST', '/echo'] }, { body: noise }),
      );
      for (const id of ids) {
        const { body } = await link.answer(id);
        expectThat(Buffer.compare(body, noise) === 0, 'the bytes', 'others');
      }
    },
  },
];

/** Section 9: compression. */
export const compression: readonly ServerCase[] = [
  ...windows('DEFLATE'),
  ...windows('ZSTD'),
  ...codecs,
  ...answers,
];
