import type { ClientCase } from '../case.ts';
import { status } from '../craft/head.ts';
import { type Crafted, credit, data, response } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import type { LinkInit } from '../engine/link.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { counted } from '../engine/text.ts';
import { get, post } from './ask.ts';
import { expectBytes } from './serve.ts';
import { answers, endsLink, endsStream, isFine, needing } from './shapes.ts';

const MAX_DATA = 16_384;
const MAX_CREDIT = 2 ** 31 - 1;
/** Records of a full Data each, and some heads, that fit an envelope. */
const IN_ONE = 63;
/** What records add to their bytes in a batch of such a size, at most. */
const HEADS = 8_192;

/**
 * An upload that takes credit as it is given out: what the first credit allows must come, then what
 * each further one does, and never more, which the referee sees to.
 */
function drips(
  rule: string,
  name: string,
  limits: NonNullable<LinkInit['limits']>,
  first: number,
  grants: readonly number[],
  grant: (id: number, bytes: number) => Crafted,
): ClientCase {
  const total = grants.reduce((sum, bytes) => sum + bytes, first);
  return {
    rule,
    name,
    requests: [post('/up', total, { chunk: 7_000 })],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits });
      const { id } = await link.request('/up');
      const pieces: Uint8Array[] = [];
      let came = 0;
      let granted = 0;
      for (const bytes of [first, ...grants]) {
        if (granted > 0) link.send(grant(id, bytes));
        granted += bytes;
        while (came < granted) {
          const what = `${granted - came} more bytes`;
          const said = await link.next('data', (one) => one.id === id, what);
          pieces.push(said.bytes);
          came += said.bytes.length;
        }
      }
      expectBytes(Buffer.concat(pieces), counted(total));
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  };
}

const GRANTS = [1, 999, 1_000, 2_500, 64_500];

const spending: readonly ClientCase[] = [
  drips(
    'W-042',
    "an upload keeps to the stream's credit and goes on when it gets more",
    { streamWindow: 1_000 },
    1_000,
    GRANTS,
    (id, bytes) => credit(id, bytes),
  ),
  drips(
    'W-042',
    "an upload keeps to the link's credit and goes on when it gets more",
    { linkWindow: 1_000 },
    1_000,
    GRANTS,
    (_, bytes) => credit(0, bytes),
  ),
  drips(
    'W-048',
    'an upload sends what its credit allows, if it is one byte',
    { streamWindow: 1 },
    1,
    [...new Array<number>(30).fill(1), 70_000],
    (id, bytes) => credit(id, bytes),
  ),
  drips(
    'W-048',
    "an upload sends what the link's credit allows, if it is one byte",
    { linkWindow: 1 },
    1,
    [...new Array<number>(30).fill(1), 70_000],
    (_, bytes) => credit(0, bytes),
  ),
  {
    rule: 'W-048',
    name: 'an upload that waits for its own credit holds up no other',
    requests: [post('/stuck', 70_000, { chunk: 7_000 }), post('/other', 70_000, { chunk: 7_000 })],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { streamWindow: 100 } });
      const stuck = await link.request('/stuck');
      const other = await link.request('/other');
      link.send(credit(other.id, 70_000));
      expectBytes((await link.rest(other.id)).body, counted(70_000));
      link.answer(other.id, 200);
      link.send(credit(stuck.id, 70_000));
      expectBytes((await link.rest(stuck.id)).body, counted(70_000));
      link.answer(stuck.id, 200);
      for (const result of await client.results()) expectAnswer(result, { status: 200 });
    },
  },
  {
    rule: 'W-042',
    name: 'heads, bodies in heads and trailers take no credit',
    requests: [post('/up', 3, { chunk: 3, trailers: [['x-sum', '3']] }), get('/', { after: 0 })],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { linkWindow: 3 } });
      const { id } = await link.request('/up');
      await link.rest(id);
      link.answer(id, 200);
      link.answer((await link.request('/')).id, 200);
      for (const result of await client.results()) expectAnswer(result, { status: 200 });
    },
  },
];

const crediting: readonly ClientCase[] = [
  {
    rule: 'W-044',
    name: 'credit is given back for what is read: a download of many windows gets through',
    requests: [get('/down')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/down');
      const body = counted(3 * link.peer.limits.linkWindow);
      link.answer(id, 200, [], { more: true });
      await link.upload(id, body);
      expectAnswer((await client.results())[0], { status: 200, body });
    },
  },
  {
    rule: 'W-044',
    name: 'eight downloads share the link, and all get through',
    requests: Array.from({ length: 8 }, (_, i) => get(`/${i}`)),
    async run(client) {
      const link = await client.link();
      const body = counted(link.peer.limits.streamWindow + 100_000);
      const downs = Array.from({ length: 8 }, async (_, i) => {
        const { id } = await link.request(`/${i}`);
        link.answer(id, 200, [], { more: true });
        await inPieces(link, id, body);
      });
      await Promise.all(downs);
      for (const result of await client.results()) expectAnswer(result, { status: 200, body });
    },
  },
  {
    rule: 'W-044',
    name: "the link's credit is given back for what comes behind a Cancel and is dropped",
    requests: [
      ...Array.from({ length: 12 }, (_, i) => get(`/${i}`, { cancelOn: 'head' })),
      get('/last'),
    ],
    async run(client) {
      const link = await client.link();
      const piece = new Uint8Array(link.peer.limits.streamWindow);
      for (let i = 0; i < 12; i++) {
        const { id } = await link.request(`/${i}`);
        link.answer(id, 200, [], { more: true });
        await link.cancelled(id, 'CANCEL');
        await link.upload(id, piece);
      }
      link.answer((await link.request('/last')).id, 200);
      expectAnswer((await client.results())[12], { status: 200 });
    },
  },
  endsStream(
    'W-043',
    "a stream's credit that is overdrawn is an error of the stream",
    'FLOW_CONTROL',
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      // In one envelope, so that nothing is read and credited between.
      link.send(...pieces(id, link.peer.limits.streamWindow + 1));
    },
  ),
  answers(
    'W-043',
    "a stream's whole credit may be spent",
    { status: 200, body: new Uint8Array(262_144) },
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.send(...pieces(id, 262_144), data(id, '', true));
    },
  ),
  ...needing('DEFLATE', [
    {
      rule: 'W-043',
      name: "a link's credit that is overdrawn ends the link",
      requests: Array.from({ length: 20 }, (_, i) => get(`/${i}`)),
      async run(client) {
        const link = await client.link();
        const spent = (await link.request('/0')).id;
        link.answer(spent, 200, [], { more: true });
        // Less than what a client gathers before it gives credit back, so that the rest fits one batch.
        link.send(...pieces(spent, 12_000));
        await link.alive();
        const records: Crafted[] = [];
        const overdraft = link.referee.streams.kitLinkCredit + 1;
        let left = overdraft;
        for (let i = 1; i < 20; i++) {
          const { id } = await link.request(`/${i}`);
          const share = Math.min(left, link.peer.limits.streamWindow);
          left -= share;
          records.push(response(status(200), { id, more: true }), ...pieces(id, share));
        }
        // In one envelope where it fits, so that nothing is read and credited between.
        link.startWindow('DEFLATE', 15);
        const inOne = overdraft < link.peer.limits.batchUnpacked - HEADS ? records.length : IN_ONE;
        for (let at = 0; at < records.length; at += inOne) {
          link.sendPacked(records.slice(at, at + inOne));
        }
        await link.fails('FLOW_CONTROL');
        expectError((await client.results())[19], ['FLOW_CONTROL'], 'maybe');
      },
    },
  ]),
  endsLink('W-043', 'credit above 2^31 - 1 for the link ends it', 'FLOW_CONTROL', (link) =>
    link.send(credit(0, MAX_CREDIT)),
  ),
  endsLink('W-043', 'credit of 2^32 - 1 ends the link', 'FLOW_CONTROL', (link) =>
    link.send(credit(0, 2 ** 32 - 1)),
  ),
  isFine('W-043', "credit that lifts the link's to 2^31 - 1 is taken", (link) =>
    link.send(credit(0, MAX_CREDIT - 1_048_576)),
  ),
  isFine('W-043', 'credit of 0 changes nothing', (link, id) =>
    link.send(credit(0, 0), credit(id, 0)),
  ),
  {
    rule: 'W-043',
    name: "credit that lifts an upload's above 2^31 - 1 is an error of the stream",
    requests: [post('/up', 100_000, { chunk: 1_000 }), get('/last')],
    async run(client) {
      const link = await client.link({ autoCredit: false, limits: { linkWindow: 1_000 } });
      const { id } = await link.request('/up');
      const last = await link.request('/last');
      link.send(credit(id, MAX_CREDIT));
      await link.cancelled(id, 'FLOW_CONTROL');
      link.answer(last.id, 200);
      const results = await client.results();
      expectError(results[0], ['FLOW_CONTROL'], 'maybe');
      expectAnswer(results[1], { status: 200 });
    },
  },
  answers(
    'W-045',
    'credit for a stream that has ended is ignored, however much',
    { status: 200 },
    (link, id) => {
      link.answer(id, 200);
      for (let i = 0; i < 5; i++) link.send(credit(id, MAX_CREDIT));
    },
  ),
];

/** Section 8: credit. */
export const creditCases: readonly ClientCase[] = [...spending, ...crediting];

/** Zeros as Data records, whatever credit there is. */
function pieces(id: number, total: number): Crafted[] {
  const records: Crafted[] = [];
  for (let left = total; left > 0; left -= MAX_DATA) {
    records.push(data(id, new Uint8Array(Math.min(left, MAX_DATA))));
  }
  return records;
}

/** As `upload`, a piece at a time with the others in turn. */
async function inPieces(link: ClientLink, id: number, body: Uint8Array): Promise<void> {
  for (let at = 0; at < body.length; at += MAX_DATA) {
    const piece = body.subarray(at, at + MAX_DATA);
    await link.upload(id, piece, at + piece.length === body.length);
    await new Promise(setImmediate);
  }
}
