import type { ClientCase } from '../case.ts';
import { PREFACE, plainEnvelope } from '../craft/envelope.ts';
import { status } from '../craft/head.ts';
import { bytes, concat, fixed32, uint } from '../craft/protobuf.ts';
import { batch, record, response } from '../craft/record.ts';
import { expectAnswer } from '../engine/result.ts';
import { get } from './ask.ts';
import { answers, isFine } from './shapes.ts';

/** Section 12: growth. */
export const growth: readonly ClientCase[] = [
  isFine(
    'W-110',
    'unknown features are ignored, and nothing of them is said',
    (link) => link.alive(),
    {
      features: [1, 2, 4_000_000_000],
      extra: uint(99, 1),
    },
  ),
  isFine(
    'W-111',
    'a client behaves as one of version 1 to an acceptor of version 2',
    (link) => link.alive(),
    { version: 2 },
  ),
  ...[uint(15, 1), bytes(15, 'a template'), fixed32(15, 1)].map((extra, at) =>
    answers(
      'W-112',
      `field 15 of a response is skipped, as ${['an integer', 'bytes', 'four bytes'][at]}`,
      { status: 200, body: 'body' },
      (link, id) => link.send(response(status(200), { id, body: 'body', extra })),
    ),
  ),
  {
    rule: 'W-114',
    name: 'limits that a newer hello has are skipped',
    requests: [get('/')],
    async run(client) {
      const link = await client.connection();
      await link.next('hello');
      const limits = bytes(3, uint(9, 1), uint(5, 300_000), fixed32(100, 2));
      link.raw(concat(PREFACE, plainEnvelope(batch([record(10, uint(1, 1), limits)]))));
      link.referee.kitGreets();
      link.answer((await link.request('/')).id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
];
