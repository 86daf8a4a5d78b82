import type { ServerCase } from '../case.ts';
import { fieldsOnly, get, post } from '../craft/head.ts';
import { blob, blobData, credit, data, request, trailers } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { counted, text } from '../engine/text.ts';
import { hold } from './holding.ts';
import { endsLink, endsStream, isFine } from './shapes.ts';

const MAX_BODY = 65_536;
const MAX_DATA = 16_384;
const MAX_CREDIT = 2 ** 31 - 1;

/** Fails unless both are the same bytes. */
function expectBytes(found: Uint8Array, wanted: Uint8Array): void {
  const isSame = Buffer.compare(found, wanted) === 0;
  expectThat(isSame, `the ${wanted.length} bytes`, `${found.length} bytes, or others`);
}

const sizes: readonly ServerCase[] = [
  ...([0, 1, 127, 128, 16_383, 16_384, 16_385, MAX_BODY].map((length) => ({
    rule: 'W-040',
    name: `a complete body of ${length} bytes rides with its head, and is echoed`,
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/echo'), { body: counted(length) });
      expectBytes((await link.answer(id)).body, counted(length));
    },
  })) satisfies ServerCase[]),
  endsStream(
    'W-040',
    'a body of 65,537 bytes is an error of the stream',
    'BODY_LIMIT',
    ['NO'],
    (link) => link.ask(post('/echo'), { body: counted(MAX_BODY + 1) }),
  ),
  endsStream('W-046', 'a blob of 65,537 bytes is no body either', 'BODY_LIMIT', ['NO'], (link) =>
    link.send(blob(counted(MAX_BODY + 1)), request(post('/echo'), { bodyBlob: true })),
  ),
  {
    rule: 'W-041',
    name: 'a Data of 16,384 bytes is taken, be it a blob or not',
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/echo'), { more: true });
      const half = counted(2 * MAX_DATA);
      link.send(data(id, half.subarray(0, MAX_DATA)));
      link.send(blob(half.subarray(MAX_DATA)), blobData(id, MAX_DATA, true));
      expectBytes((await link.answer(id)).body, half);
    },
  },
  endsLink('W-041', 'a Data of 16,385 bytes ends the link', 'PROTOCOL', (link) => {
    const id = link.ask(post('/sink'), { more: true });
    link.send(data(id, counted(MAX_DATA + 1)));
  }),
  endsLink('W-046', 'a Data whose blob has 16,385 bytes ends the link', 'PROTOCOL', (link) => {
    const id = link.ask(post('/sink'), { more: true });
    link.send(blob(counted(MAX_DATA + 1)), blobData(id, MAX_DATA + 1));
  }),
  {
    rule: 'W-049',
    name: 'a body may come in pieces of any size, empty ones too, and end with an empty one',
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/echo'), { more: true });
      const body = counted(600);
      for (let at = 0; at < body.length; at += 100) {
        link.send(data(id, body.subarray(at, at + 100)), data(id, ''));
      }
      link.send(data(id, '', true));
      expectBytes((await link.answer(id)).body, body);
    },
  },
  {
    rule: 'W-049',
    name: 'trailers end a body, may come without Data, and may be empty',
    async run(server) {
      const link = await server.open();
      const behindData = link.ask(post('/echo'), { more: true });
      link.send(data(behindData, 'abc'), trailers(behindData, fieldsOnly([['X-Echo-T', 't']])));
      const { body, trailers: came } = await link.answer(behindData);
      expectEqual('body and trailers', [text(body), came], ['abc', [['X-Echo-T', 't']]]);
      const alone = link.ask(post('/echo'), { more: true });
      link.send(trailers(alone, fieldsOnly([['x-echo-t', 'u']])));
      expectEqual('the trailers', (await link.answer(alone)).trailers, [['x-echo-t', 'u']]);
      const empty = link.ask(post('/sink'), { more: true });
      link.send(data(empty, 'xy'), trailers(empty, fieldsOnly([])));
      expectEqual('the length', text((await link.answer(empty)).body), '2');
    },
  },
  {
    rule: 'W-049',
    name: "a response's trailers come behind its body",
    async run(server) {
      const link = await server.open();
      const { body, trailers: came } = await link.get('/trailers');
      const expected = [
        'abc',
        [
          ['x-sum', '3'],
          ['x-end', 'yes'],
        ],
      ];
      expectEqual('body and trailers', [text(body), came], expected);
    },
  },
];

const sending: readonly ServerCase[] = [
  {
    rule: 'W-042',
    name: "the server keeps to the stream's credit and goes on when it gets more",
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { streamWindow: 1_000 } });
      const id = link.ask(get('/bytes/70000'));
      await drip(link, id, 1_000, [1, 999, 1_000, 2_500, 64_500], (bytes) => [credit(id, bytes)]);
    },
  },
  {
    rule: 'W-042',
    name: "the server keeps to the link's credit and goes on when it gets more",
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { linkWindow: 1_000 } });
      const id = link.ask(get('/bytes/70000'));
      await drip(link, id, 1_000, [1, 999, 1_000, 2_500, 64_500], (bytes) => [credit(0, bytes)]);
    },
  },
  {
    rule: 'W-048',
    name: 'the server sends what its credit allows, if it is one byte',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { streamWindow: 1 } });
      const id = link.ask(get('/bytes/70000'));
      const grants = [...new Array<number>(30).fill(1), 70_000 - 31];
      await drip(link, id, 1, grants, (bytes) => [credit(id, bytes)]);
    },
  },
  {
    rule: 'W-048',
    name: 'a stream that waits for its own credit holds up no other',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { streamWindow: 100 } });
      const stuck = link.ask(get('/bytes/70000'));
      const other = link.ask(get('/bytes/70000'));
      await drip(link, other, 100, [69_900], (bytes) => [credit(other, bytes)]);
      link.send(credit(stuck, 69_900));
      expectBytes((await link.answer(stuck)).body, counted(70_000));
    },
  },
  {
    rule: 'W-047',
    name: 'credit for a response may come before the response',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { streamWindow: 10 } });
      const id = link.referee.streams.highest + 1;
      link.send(request(get('/bytes/70000')), credit(id, 69_990));
      expectBytes((await link.answer(id)).body, counted(70_000));
    },
  },
  {
    rule: 'W-042',
    name: 'heads, bodies in heads and trailers take no credit',
    async run(server) {
      const link = await server.open({ autoCredit: false, limits: { linkWindow: 3 } });
      const id = link.ask(get('/trailers'));
      // A server may send the body with Data, which takes all of the link's three bytes.
      expectEqual('the trailers', (await link.answer(id)).trailers.length, 2);
      await link.get('/status/204');
    },
  },
  {
    rule: 'W-042',
    name: 'the link takes as much credit as there can be, and no more comes of it',
    async run(server) {
      const link = await server.open({
        autoCredit: false,
        limits: { streamWindow: MAX_CREDIT, linkWindow: MAX_CREDIT },
      });
      expectEqual('the length', (await link.get('/bytes/300000')).body.length, 300_000);
    },
  },
];

const taking: readonly ServerCase[] = [
  {
    rule: 'W-044',
    name: 'credit is given back for what is consumed: an upload of many windows gets through',
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/sink'), { more: true });
      const body = new Uint8Array(4 * link.peer.limits.linkWindow);
      await link.upload(id, body);
      expectEqual('the length', text((await link.answer(id)).body), String(body.length));
    },
  },
  {
    rule: 'W-044',
    name: 'eight uploads share the link, and all get through',
    async run(server) {
      const link = await server.open();
      const ids = Array.from({ length: 8 }, () => link.ask(post('/sink'), { more: true }));
      const body = new Uint8Array(link.peer.limits.streamWindow + 100_000);
      await Promise.all(ids.map((id) => uploadFairly(link, id, body)));
      for (const id of ids) {
        expectEqual('the length', text((await link.answer(id)).body), String(body.length));
      }
    },
  },
  endsStream(
    'W-043',
    "a stream's credit that is overdrawn is an error of the stream",
    'FLOW_CONTROL',
    ['MAYBE'],
    async (link, server) => {
      const id = await hold(server, link, server.name('overdrawn'), { more: true });
      spend(link, id, link.peer.limits.streamWindow + 1);
      return id;
    },
  ),
  {
    rule: 'W-043',
    name: "a stream's whole credit may be spent",
    async run(server) {
      const link = await server.open();
      const name = server.name('spent');
      const id = await hold(server, link, name, { more: true });
      spend(link, id, Math.min(link.peer.limits.streamWindow, link.peer.limits.linkWindow));
      link.send(data(id, '', true));
      await link.get(`/release/${name}`);
      expectEqual('the body', text((await link.answer(id)).body), 'held');
    },
  },
  endsLink('W-043', "a link's credit that is overdrawn ends the link", 'FLOW_CONTROL', (link) => {
    const { streamWindow, linkWindow } = link.peer.limits;
    for (let left = linkWindow + 1; left > 0; left -= streamWindow) {
      spend(link, link.ask(post('/hold/all'), { more: true }), Math.min(left, streamWindow));
    }
  }),
  {
    rule: 'W-043',
    name: "credit that lifts a stream's above 2^31 - 1 is an error of the stream",
    async run(server) {
      // The link's credit holds the body back, so that the stream is there when its credit comes.
      const link = await server.open({ autoCredit: false });
      const id = link.ask(get('/bytes/2000000'));
      link.send(credit(id, MAX_CREDIT), credit(id, MAX_CREDIT));
      await link.cancelled(id, 'FLOW_CONTROL', 'MAYBE', 'YES');
      await link.alive();
    },
  },
  endsLink(
    'W-043',
    "credit that lifts the link's above 2^31 - 1 ends the link",
    'FLOW_CONTROL',
    (link) => {
      link.send(credit(0, MAX_CREDIT));
    },
  ),
  endsLink('W-043', 'credit of 2^32 - 1 ends the link', 'FLOW_CONTROL', (link) => {
    link.send(credit(0, 2 ** 32 - 1));
  }),
  isFine('W-043', "credit that lifts the link's to 2^31 - 1 is taken", (link) => {
    link.send(credit(0, MAX_CREDIT - 1_048_576));
  }),
  isFine('W-043', 'credit of 0 changes nothing', (link) => {
    link.send(credit(0, 0), credit(link.ask(get('/')), 0));
  }),
  isFine('W-045', 'credit for a stream that has ended is ignored, however much', async (link) => {
    const id = link.ask(get('/'));
    await link.answer(id);
    for (let i = 0; i < 5; i++) link.send(credit(id, MAX_CREDIT));
  }),
];

/** Section 8: bodies and credit. */
export const bodies: readonly ServerCase[] = [...sizes, ...sending, ...taking];

/** Sends so many bytes as data, whatever credit there is. */
function spend(link: ServerLink, id: number, total: number): void {
  for (let left = total; left > 0; left -= MAX_DATA) {
    link.send(data(id, new Uint8Array(Math.min(left, MAX_DATA))));
  }
}

/** As `upload`, a piece at a time with the others in turn. */
async function uploadFairly(link: ServerLink, id: number, body: Uint8Array): Promise<void> {
  for (let at = 0; at < body.length; at += MAX_DATA) {
    const piece = body.subarray(at, at + MAX_DATA);
    await link.upload(id, piece, at + piece.length === body.length);
    await new Promise(setImmediate);
  }
}

/**
 * Takes `/bytes/N` as its credit is given out: what the first credit allows must come, then what
 * each further one does, and never more, which the referee sees to.
 */
async function drip(
  link: ServerLink,
  id: number,
  first: number,
  grants: readonly number[],
  grant: (bytes: number) => readonly ReturnType<typeof credit>[],
): Promise<void> {
  await link.head(id);
  const pieces: Uint8Array[] = [];
  let came = 0;
  let granted = first;
  const take = async () => {
    while (came < granted) {
      const said = await link.next('data', (one) => one.id === id, `${granted - came} more bytes`);
      pieces.push(said.bytes);
      came += said.bytes.length;
    }
  };
  await take();
  for (const bytes of grants) {
    link.send(...grant(bytes));
    granted += bytes;
    await take();
  }
  expectBytes(Buffer.concat(pieces), counted(granted));
}
