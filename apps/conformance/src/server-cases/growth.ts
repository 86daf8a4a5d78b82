import type { ServerCase } from '../case.ts';
import { PREFACE, plainEnvelope } from '../craft/envelope.ts';
import { post } from '../craft/head.ts';
import { bytes, concat, fixed32, uint } from '../craft/protobuf.ts';
import { batch, record } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import { text } from '../engine/text.ts';

/** Section 12: growth. */
export const growth: readonly ServerCase[] = [
  {
    rule: 'W-110',
    name: 'unknown features are ignored, and nothing of them is said',
    async run(server) {
      const link = await server.open({ features: [1, 2, 4_000_000_000] });
      await link.get('/echo', [['x-echo-a', 'b']]);
      await link.alive();
    },
  },
  {
    rule: 'W-111',
    name: 'a server behaves as one of version 1 to a dialer of version 2',
    async run(server) {
      const link = await server.open({ version: 2 });
      await link.alive();
    },
  },
  {
    rule: 'W-112',
    name: 'field 15 of a request is skipped, whatever its type',
    async run(server) {
      const link = await server.open();
      for (const extra of [uint(15, 1), bytes(15, 'a template'), fixed32(15, 1)]) {
        const { body } = await link.answer(link.ask(post('/echo'), { body: 'body', extra }));
        expectEqual('the body', text(body), 'body');
      }
    },
  },
  {
    rule: 'W-114',
    name: 'limits that a newer hello has are skipped',
    async run(server) {
      const link = await server.dial();
      const limits = bytes(3, uint(9, 1), uint(5, 100_000), fixed32(100, 2));
      link.raw(concat(PREFACE, plainEnvelope(batch([record(10, uint(1, 1), limits)]))));
      link.referee.kitGreets();
      await link.next('hello');
      await link.alive();
    },
  },
];
