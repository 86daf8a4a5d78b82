import type { ServerCase } from '../case.ts';
import { fieldsOnly, get, post } from '../craft/head.ts';
import { cancel, credit, data, ping, request, trailers } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { text } from '../engine/text.ts';
import { hold } from './holding.ts';
import { eachEndsLink, endsLink, endsStream, GET } from './shapes.ts';

const MAX_ID = 2 ** 30;
/** More streams than that are too many to try. */
const TOO_MANY = 100_000;
const GIVEN_BACK = 10;
const PIECE = new Uint8Array(16_384);

/** A record that the referee learns nothing of. */
function unnoted({ bytes: said }: { readonly bytes: Uint8Array }) {
  return { bytes: said, note: undefined };
}

const ids: readonly ServerCase[] = [
  {
    rule: 'W-030',
    name: 'ids may skip, and 0 is one more than the last',
    async run(server) {
      const link = await server.open();
      for (const id of [5, 0, 1_000, 0]) {
        const { body } = await link.answer(link.ask(get('/'), { id }));
        expectEqual('the body', text(body), 'ok');
      }
      expectEqual('the last id', link.referee.streams.highest, 1_001);
    },
  },
  {
    rule: 'W-030',
    name: 'id 2^30 is the last one; one more ends the link',
    async run(server) {
      const link = await server.open();
      await link.answer(link.ask(get('/'), { id: MAX_ID }));
      link.send(unnoted(GET));
      await link.fails('PROTOCOL');
    },
  },
  ...(
    [
      ['the same id again', 7, 7],
      ['a falling id', 7, 6],
      ['an id above 2^30', 7, MAX_ID + 1],
      ['id 2^32 - 1', 7, 2 ** 32 - 1],
    ] as const
  ).map(([what, first, second]) =>
    endsLink('W-030', `${what} ends the link`, 'PROTOCOL', async (link) => {
      await link.answer(link.ask(get('/'), { id: first }));
      link.send(unnoted(request(get('/'), { id: second })));
    }),
  ),
  endsLink(
    'W-030',
    'a request that broke a rule of the stream has used its id',
    'PROTOCOL',
    async (link) => {
      await link.cancelled(link.ask({}, { id: 9 }), 'PROTOCOL', 'NO');
      link.send(unnoted(request(get('/'), { id: 9 })));
    },
  ),
  ...eachEndsLink('W-031', 'PROTOCOL', [
    ['Data for an id that was never opened', unnoted(data(5, 'x'))],
    ['empty Data for an id that was never opened', unnoted(data(5, '', true))],
    ['Trailers for an id that was never opened', unnoted(trailers(5, fieldsOnly([])))],
    [
      'flawed Trailers for an id that was never opened',
      unnoted(trailers(5, fieldsOnly([['', '']]))),
    ],
    ['Credit for an id that was never opened', unnoted(credit(5, 1))],
    ['a Cancel for an id that was never opened', unnoted(cancel(5))],
    ['Credit for an id above 2^30', unnoted(credit(MAX_ID + 1, 1))],
  ]),
  ...eachEndsLink('W-038', 'PROTOCOL', [
    ['Data with id 0', unnoted(data(0, 'x'))],
    ['Trailers with id 0', unnoted(trailers(0, fieldsOnly([])))],
    ['a Cancel with id 0', unnoted(cancel(0))],
    ['Data with an id above 2^30', unnoted(data(MAX_ID + 1, 'x'))],
    ['a Cancel with id 2^32 - 1', unnoted(cancel(2 ** 32 - 1))],
  ]),
  {
    rule: 'W-038',
    name: 'an id that was skipped counts as ended: what comes for it is dropped',
    async run(server) {
      const link = await server.open();
      await link.answer(link.ask(get('/'), { id: 10 }));
      link.send(data(4, 'x'), trailers(5, fieldsOnly([['a', 'b']])), cancel(6), credit(7, 5));
      await link.alive();
    },
  },
];

const states: readonly ServerCase[] = [
  {
    rule: 'W-031',
    name: 'records for a stream that has ended are dropped',
    async run(server) {
      const link = await server.open();
      const id = link.ask(get('/'));
      await link.answer(id);
      const flawed = fieldsOnly([['bad name', '']]);
      link.send(
        data(id, 'x'),
        data(id, '', true),
        trailers(id, fieldsOnly([])),
        trailers(id, flawed),
      );
      link.send(credit(id, 10), cancel(id), cancel(id));
      await link.alive();
    },
  },
  {
    rule: 'W-044',
    name: "the link's credit that dropped data took is given back",
    async run(server) {
      const link = await server.open();
      const id = link.ask(post(`/hold/${server.name('dropped')}`), { more: true });
      link.send(cancel(id));
      await floods(link, id);
      await link.alive();
    },
  },
  ...(
    [
      ['Data behind a complete request', (id: number) => data(id, 'x')],
      ['empty Data behind a complete request', (id: number) => data(id, '')],
      ['an end behind a complete request', (id: number) => data(id, '', true)],
      ['Trailers behind a complete request', (id: number) => trailers(id, fieldsOnly([]))],
    ] as const
  ).map(([what, said]) =>
    endsStream(
      'W-032',
      `${what} is an error of the stream`,
      'PROTOCOL',
      ['MAYBE'],
      async (link, server) => {
        const id = await hold(server, link, server.name('behind'));
        link.send(said(id));
        return id;
      },
    ),
  ),
  endsStream(
    'W-032',
    'Data behind the end is an error of the stream',
    'PROTOCOL',
    ['MAYBE'],
    async (link, server) => {
      const id = await hold(server, link, server.name('behind'), { more: true });
      link.send(data(id, 'x', true), data(id, 'y'));
      return id;
    },
  ),
  endsStream(
    'W-032',
    'Data behind Trailers is an error of the stream',
    'PROTOCOL',
    ['MAYBE'],
    async (link, server) => {
      const id = await hold(server, link, server.name('behind'), { more: true });
      link.send(trailers(id, fieldsOnly([['a', 'b']])), data(id, 'y', true));
      return id;
    },
  ),
  endsStream(
    'W-032',
    'a head with a body and more is an error of the stream',
    'PROTOCOL',
    ['NO'],
    (link) => link.ask(post('/echo'), { body: 'x', more: true }),
  ),
  {
    rule: 'W-037',
    name: 'what follows upon an error of the stream is dropped, and its credit given back',
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/echo', [['bad name', '']]), { more: true });
      await link.cancelled(id, 'PROTOCOL', 'NO');
      await floods(link, id);
      link.send(data(id, '', true));
      await link.alive();
    },
  },
  {
    rule: 'W-034',
    name: 'a stream that broke a rule holds nothing up on others',
    async run(server) {
      const link = await server.open();
      const name = server.name('others');
      const held = await hold(server, link, name);
      const upload = link.ask(post('/sink'), { more: true });
      await link.cancelled(link.ask({}), 'PROTOCOL', 'NO');
      await link.upload(upload, new Uint8Array(100_000));
      expectEqual('the length', text((await link.answer(upload)).body), '100000');
      await link.get(`/release/${name}`);
      expectEqual('the body', text((await link.answer(held)).body), 'held');
    },
  },
];

const answers: readonly ServerCase[] = [
  {
    rule: 'W-033',
    name: 'an informational response comes before the final one',
    async run(server) {
      const link = await server.open();
      const { info, status: code, body } = await link.get('/info');
      expectEqual('the answer', [info, code, text(body)], [[103], 200, 'ok']);
    },
  },
  {
    rule: 'W-035',
    name: 'a server that has answered in full takes the rest of the request, or cancels it with NO_ERROR',
    async run(server) {
      const link = await server.open();
      const id = link.ask(post('/early'), { more: true });
      expectEqual('the body', text((await link.answer(id)).body), 'early');
      let isCancelled = false;
      for (let sent = 0; sent < 4_000_000 && !isCancelled; sent += PIECE.length) {
        isCancelled = await link.until('credit, or Cancel NO_ERROR', () => {
          if (link.taken('cancel', (said) => said.id === id) !== undefined) return true;
          return link.allowed(id) >= PIECE.length ? false : undefined;
        });
        if (!isCancelled) link.send(data(id, PIECE));
      }
      if (!isCancelled) link.send(data(id, '', true));
      await link.alive();
    },
  },
  {
    rule: 'W-036',
    name: 'a stream above the limit is refused, processed NO, and none of the others',
    alone: true,
    async run(server) {
      const link = await server.open();
      const { streams: most } = link.peer.limits;
      if (most > TOO_MANY) return;
      const name = server.name('limit');
      for (let i = 0; i < most; i++) link.ask(get(`/hold/${name}`));
      await link.cancelled(link.ask(get('/')), 'REFUSED', 'NO');
      // A server may have fewer handlers than streams: what it has none for, it refuses too. Some
      // are given back, so that there is one for the request that lets the others go.
      for (let id = 1; id <= GIVEN_BACK; id++) link.send(cancel(id));
      link.send(ping(1));
      await link.next('pong');
      const released = Number(text((await (await server.open()).get(`/release/${name}`)).body));
      for (let i = 0; i < released; i++) await link.next('response');
      let refused = 0;
      while (link.taken('cancel', ({ code }) => code === 'REFUSED') !== undefined) refused++;
      expectEqual('streams held, refused or given back', released + refused + GIVEN_BACK, most);
      await link.alive();
    },
  },
];

/** Section 7: streams. */
export const streams: readonly ServerCase[] = [...ids, ...states, ...answers];

/** Sends four times the link's credit as data that will be dropped. */
async function floods(link: ServerLink, id: number): Promise<void> {
  const total = 4 * link.peer.limits.linkWindow;
  for (let sent = 0; sent < total; sent += PIECE.length) {
    await link.until("the link's credit for dropped data", () => {
      if (link.referee.streams.kitLinkCredit >= PIECE.length) return true;
      return undefined;
    });
    link.send(data(id, PIECE));
  }
}
