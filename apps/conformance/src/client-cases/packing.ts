import type { ClientCase } from '../case.ts';
import type { Limits, Offer } from '../craft/hello.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import type { OrderedRequest } from '../engine/order.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { counted } from '../engine/text.ts';
import { get, post } from './ask.ts';
import { expectBytes, serve } from './serve.ts';

const FIELDS = [
  ['Host', 'example.com'],
  ['accept', 'text/html, */*; q=0.5'],
] as const;

/** Requests of which some wait for others, so that they come in several batches, and two uploads. */
const ORDER: readonly OrderedRequest[] = [
  ...Array.from({ length: 6 }, (_, i) =>
    get(`/again/and/again/${i}`, { fields: FIELDS, ...(i > 2 ? { after: i - 1 } : {}) }),
  ),
  post('/inline', 60_000, { fields: FIELDS }),
  post('/streamed', 200_000, { fields: FIELDS, chunk: 10_000, after: 0 }),
];

/** The client under this hello: what it says is unpacked and judged by the referee. */
function sending(
  rule: string,
  name: string,
  init: { offers?: readonly Offer[]; limits?: Partial<Limits> },
  mayPack = true,
): ClientCase {
  return {
    rule,
    name,
    requests: ORDER,
    async run(client) {
      const link = await client.link(init);
      let count = 0;
      const results = await serve(client, link, async ({ id, path, fields, body, more }) => {
        count++;
        expectEqual('the fields', fields, FIELDS);
        const came = more ? (await link.rest(id)).body : body;
        if (path === '/inline') expectBytes(came, counted(60_000));
        if (path === '/streamed') expectBytes(came, counted(200_000));
        link.answer(id, 200, [], { body: path });
      });
      expectEqual('the number of requests', count, ORDER.length);
      for (const [at, { path }] of ORDER.entries()) {
        expectAnswer(results[at], { status: 200, body: path });
      }
      const isPacked = link.referee.envelopes.some(({ packed }) => packed.length > 0);
      expectThat(mayPack || !isPacked, 'nothing packed', 'something packed');
    },
  };
}

const offers: readonly ClientCase[] = [
  ...(
    [
      ['DEFLATE with the largest window', { codec: 'DEFLATE', windowLog: 15 }],
      ['DEFLATE with the smallest window', { codec: 'DEFLATE', windowLog: 9 }],
      ['DEFLATE without a window', { codec: 'DEFLATE', windowLog: 0 }],
      ['ZSTD with the largest window', { codec: 'ZSTD', windowLog: 22 }],
      ['ZSTD with the smallest window', { codec: 'ZSTD', windowLog: 10 }],
      ['ZSTD without a window', { codec: 'ZSTD', windowLog: 0 }],
    ] as const
  ).map(([what, offer]) =>
    sending('W-071', `a client that is offered ${what} packs by that, or not at all`, {
      offers: [offer],
    }),
  ),
  sending('W-070', 'a client that is offered nothing packs nothing', { offers: [] }, false),
  sending(
    'W-071',
    'a client that is offered windows outside the bounds packs nothing',
    {
      offers: [
        { codec: 'DEFLATE', windowLog: 16 },
        { codec: 'DEFLATE', windowLog: 8 },
        { codec: 'ZSTD', windowLog: 9 },
        { codec: 'ZSTD', windowLog: 23 },
      ],
    },
    false,
  ),
];

const limits: readonly ClientCase[] = [
  sending('W-018', 'a client keeps to batches of 131,072 bytes', {
    limits: { batchPacked: 131_072, batchUnpacked: 131_072 },
  }),
  sending('W-051', 'a client keeps to a table of one byte, in which nothing can be stored', {
    limits: { tableBytes: 1 },
  }),
  sending('W-051', 'a client keeps to a table of 161 bytes, of which one slot can be used', {
    limits: { tableBytes: 161 },
  }),
  sending('W-051', 'a client keeps to a table of 400 bytes', { limits: { tableBytes: 400 } }),
  sending('W-051', 'a client keeps to a large table', { limits: { tableBytes: 2 ** 22 } }),
  sending('W-042', 'a client keeps to a window of 2,000 bytes for a stream', {
    limits: { streamWindow: 2_000 },
  }),
  sending('W-042', 'a client keeps to a window of 2,000 bytes for the link', {
    limits: { linkWindow: 2_000 },
  }),
  sending('W-028', 'a client lives with the largest windows there are', {
    limits: { streamWindow: 2 ** 30, linkWindow: 2 ** 30 },
  }),
  {
    rule: 'W-123',
    name: 'a client leaves room for bytes that packing makes longer',
    requests: Array.from({ length: 6 }, (_, i) => post(`/${i}`, 65_536)),
    async run(client) {
      const link = await client.link({ limits: { batchPacked: 131_072, batchUnpacked: 131_072 } });
      const results = await serve(client, link, async ({ id, body, more }) => {
        expectBytes(more ? (await link.rest(id)).body : body, counted(65_536));
        link.answer(id, 200);
      });
      for (const result of results) expectAnswer(result, { status: 200 });
    },
  },
  {
    rule: 'W-051',
    name: 'a client keeps to its table while three hundred different heads go by',
    requests: Array.from({ length: 300 }, (_, i) =>
      get(`/${i}`, {
        fields: [
          [`x-field-${i % 50}`, `v${i}`],
          ['Cookie', `c=${i % 10}`],
        ],
      }),
    ),
    async run(client) {
      const link = await client.link({ limits: { tableBytes: 2_048 } });
      const results = await serve(client, link, ({ id, path, fields }) => {
        const i = Number(path.slice(1));
        expectEqual('the fields', fields, [
          [`x-field-${i % 50}`, `v${i}`],
          ['Cookie', `c=${i % 10}`],
        ]);
        link.answer(id, 200, [], { body: path });
      });
      for (const [i, result] of results.entries()) {
        expectAnswer(result, { status: 200, body: `/${i}` });
      }
    },
  },
  {
    rule: 'W-036',
    name: 'a client opens no more streams than the acceptor takes',
    requests: Array.from({ length: 8 }, (_, i) => get(`/${i}`)),
    async run(client) {
      const link = await client.link({ limits: { streams: 2 } });
      // What does not fit may wait its turn, or fail as never written.
      const results = await serve(client, link, ({ id }) => {
        link.answer(id, 200);
      });
      for (const result of results) {
        if (result.error === undefined) expectAnswer(result, { status: 200 });
        else expectError(result, [], 'no');
      }
      const answered = results.filter(({ error }) => error === undefined).length;
      expectThat(answered >= 2, 'two answers at least', String(answered));
    },
  },
  ...(
    [
      ['as many fields as the acceptor takes is sent', { fields: 3 }, true],
      ['more fields than the acceptor takes is not sent', { fields: 2 }, false],
      ['exactly head_bytes is sent', { headBytes: headOf(3) }, true],
      ['more than head_bytes is not sent', { headBytes: headOf(3) - 1 }, false],
    ] as const
  ).map(
    ([what, most, isSent]): ClientCase => ({
      rule: 'W-063',
      name: `a request with a head of ${what}`,
      requests: [get('/fields', { fields: fieldsOf(3) }), get('/')],
      async run(client) {
        const link = await client.link({ limits: most });
        const results = await serve(client, link, ({ id }) => link.answer(id, 200));
        if (isSent) expectAnswer(results[0], { status: 200 });
        else expectError(results[0], [], 'no');
        expectAnswer(results[1], { status: 200 });
      },
    }),
  ),
];

/** Sections 3, 4 and 9: what a client sends under the limits and offers of the acceptor. */
export const packing: readonly ClientCase[] = [...offers, ...limits];

function fieldsOf(count: number): (readonly [string, string])[] {
  return Array.from({ length: count }, (_, i) => [`x-field-${i}`, 'v'.repeat(40)] as const);
}

/** The size of the head of GET /fields with so many of these fields (W-063). */
function headOf(count: number): number {
  const size = (name: string, value: string) => 32 + name.length + value.length;
  return fieldsOf(count).reduce(
    (sum, [name, value]) => sum + size(name, value),
    size(':method', 'GET') + size(':path', '/fields'),
  );
}
