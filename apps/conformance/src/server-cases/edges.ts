import type { ServerCase } from '../case.ts';
import { get, op, post } from '../craft/head.ts';
import { request } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import { counted } from '../engine/text.ts';
import { endsLink, needing } from './shapes.ts';

/** Situations in which a fault shows that the other cases of its rule pass by. */
export const edges: readonly ServerCase[] = [
  {
    rule: 'W-006',
    name: 'a value of one byte is that byte, whichever it is',
    async run(server) {
      const link = await server.open();
      for (let first = 0x80; first <= 0xff; first += 16) {
        const sent = Array.from({ length: 16 }, (_, i) => {
          const value = Buffer.of(first + i).toString('latin1');
          return [`x-echo-${first + i}`, value] as const;
        });
        expectEqual('the fields', (await link.get('/echo', sent)).fields, sent);
      }
    },
  },
  {
    rule: 'W-041',
    name: 'a large body that is there at once comes in Data of at most 16,384 bytes',
    async run(server) {
      const link = await server.open();
      const sent = counted(100_000);
      const id = link.ask(post('/echo'), { more: true });
      await link.upload(id, sent);
      const { body } = await link.answer(id);
      const isSame = Buffer.compare(body, sent) === 0;
      expectThat(isSame, 'the body that went', `${body.length} bytes, or others`);
    },
  },
  ...needing('ZSTD', [
    endsLink(
      'W-071',
      'ZSTD: a window above the offer ends the link, though its batch is whole',
      'COMPRESSION',
      (link) => {
        const offer = link.peer.offers.find(({ codec }) => codec === 'ZSTD');
        link.startWindow('ZSTD', (offer?.windowLog ?? 0) + 1);
        link.sendPacked([request(get('/'))]);
      },
    ),
  ]),
  {
    rule: 'W-101',
    name: 'a fault behind step two, and behind further requests, lifts the last id no more',
    async run(server) {
      const link = await server.open();
      link.ask(get(`/hold/${server.name('risen')}`));
      link.ask(get('/leave'));
      await link.next('goaway', ({ final }) => final, 'step two: a final Goaway');
      link.ask(get('/'));
      link.ask({ ops: [op.value(0), op.field(40)], text: ['GET'] });
      await link.fails('COMPRESSION');
    },
  },
];
