import type { ServerCase } from '../case.ts';
import { fill, get, op, post } from '../craft/head.ts';
import { blob, blobData, data, request } from '../craft/record.ts';
import { expectEqual, expectThat } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { text } from '../engine/text.ts';
import { endsLink, GET, needing } from './shapes.ts';
import { echo, echoes } from './table.ts';

/** Fails when these bytes went through the server's window. */
function expectNotPacked(link: ServerLink, secret: string): void {
  const leak = link.referee.envelopes.find(({ unpacked }) =>
    Buffer.from(unpacked).includes(secret),
  );
  if (leak === undefined) return;
  throw new Error(`the secret ${secret} went through the window (W-060)`);
}

const sent: readonly ServerCase[] = [
  {
    rule: 'W-060',
    name: "a set-cookie's value never enters packed, be it new, repeated or changed",
    async run(server) {
      const link = await server.open();
      for (const secret of ['sid=first', 'sid=first', 'sid=second', 'sid=first', 'sid=third']) {
        const { fields } = await link.get('/echo', [['x-set-cookie', secret]]);
        expectEqual('the fields', fields, [['set-cookie', secret]]);
        expectNotPacked(link, secret);
      }
    },
  },
  {
    rule: 'W-060',
    name: 'several set-cookies keep their order among other fields, and stay out of packed',
    async run(server) {
      const link = await server.open();
      const { fields } = await link.get('/echo', [
        ['x-set-cookie', 'a=1; Path=/'],
        ['x-echo-between', 'x'],
        ['x-set-cookie', 'b=2; HttpOnly'],
        ['x-set-cookie', ''],
      ]);
      expectEqual('the fields', fields, [
        ['set-cookie', 'a=1; Path=/'],
        ['x-echo-between', 'x'],
        ['set-cookie', 'b=2; HttpOnly'],
        ['set-cookie', ''],
      ]);
      expectNotPacked(link, 'a=1; Path=/');
      expectNotPacked(link, 'b=2; HttpOnly');
    },
  },
  {
    rule: 'W-060',
    name: 'a table without room for one name leaks no secret either',
    async run(server) {
      const link = await server.open({ limits: { tableBytes: 40 } });
      const id = link.ask(get('/echo', [['x-set-cookie', 'sid=hidden']]));
      // Sent without packing, or refused: both are allowed, and the referee watches either.
      await link.until('a response or a Cancel', () => {
        const isIts = (said: { readonly id: number }) => said.id === id;
        return link.taken('response', isIts) ?? link.taken('cancel', isIts);
      });
      expectNotPacked(link, 'sid=hidden');
      await link.alive();
    },
  },
  {
    rule: 'W-051',
    name: 'a server keeps to a table of 200 bytes, whatever it has to say',
    async run(server) {
      const link = await server.open({ limits: { tableBytes: 200 } });
      for (let i = 0; i < 40; i++) {
        const sentFields = [[`x-echo-${i % 7}`, `value ${i % 3}`]] as const;
        expectEqual('the fields', (await link.get('/echo', sentFields)).fields, sentFields);
      }
    },
  },
  {
    rule: 'W-051',
    name: 'a server keeps to a table of one byte, in which nothing can be stored',
    async run(server) {
      const link = await server.open({ limits: { tableBytes: 1 } });
      for (let i = 0; i < 10; i++) await link.get('/echo', [['x-echo-a', 'again']]);
    },
  },
  {
    rule: 'W-051',
    name: 'a server keeps to its table while a thousand different heads go by',
    async run(server) {
      const link = await server.open({ limits: { tableBytes: 4_096 } });
      const first = link.referee.streams.highest + 1;
      for (let i = 0; i < 1_000; i++) {
        link.ask(
          get('/echo', [
            [`x-echo-${i % 50}`, `v${i}`],
            ['x-set-cookie', `c=${i % 10}`],
          ]),
        );
      }
      for (let i = 0; i < 1_000; i++) {
        expectEqual('the fields', (await link.answer(first + i)).fields, [
          [`x-echo-${i % 50}`, `v${i}`],
          ['set-cookie', `c=${i % 10}`],
        ]);
      }
    },
  },
];

const blobs: readonly ServerCase[] = [
  {
    rule: 'W-064',
    name: 'blobs are taken in order by the records that ask for one',
    async run(server) {
      const link = await server.open();
      const one = request(echo([op.name(4), op.secret(4)], 'x-echo-s'));
      const two = request(echo([op.secret(4), op.secret(4)]));
      const last = link.send(blob('a'), blob('b'), one, blob('c'), two);
      expectEqual('the first', (await link.answer(last - 1)).fields, [['x-echo-s', 'a']]);
      expectEqual('the second', (await link.answer(last)).fields, [
        ['x-echo-s', 'b'],
        ['x-echo-s', 'c'],
      ]);
    },
  },
  {
    rule: 'W-069',
    name: "a record's head takes its blobs first, then its body takes one",
    async run(server) {
      const link = await server.open();
      const head = echo([op.name(4), op.secret(4)], 'x-echo-s');
      const answer = await link.answer(
        link.send(blob('value'), blob('body'), request(head, { bodyBlob: true })),
      );
      expectEqual('the field', answer.fields, [['x-echo-s', 'value']]);
      expectEqual('the body', text(answer.body), 'body');
    },
  },
  {
    rule: 'W-069',
    name: 'a record that breaks a rule of the stream takes its blobs all the same',
    async run(server) {
      const link = await server.open();
      const bad = request(
        echo([op.literal(), op.name(4), op.secret(4)], 'bad name', '', 'x-echo-s'),
      );
      const good = request(echo([op.secret(4)]));
      const last = link.send(blob('bad'), bad, blob('good'), good);
      await link.cancelled(last - 1, 'PROTOCOL', 'NO');
      expectEqual('the field', (await link.answer(last)).fields, [['x-echo-s', 'good']]);
    },
  },
  {
    rule: 'W-046',
    name: "a request's body and a Data's bytes may be blobs",
    async run(server) {
      const link = await server.open();
      const whole = link.send(blob('whole body'), request(post('/echo'), { bodyBlob: true }));
      expectEqual('the body', text((await link.answer(whole)).body), 'whole body');
      const id = link.ask(post('/echo'), { more: true });
      link.send(
        blob('one '),
        blobData(id, 4),
        data(id, 'two '),
        blob('three'),
        blobData(id, 5, true),
      );
      expectEqual('the body', text((await link.answer(id)).body), 'one two three');
      const empty = link.send(blob(''), request(post('/echo'), { bodyBlob: true }));
      expectEqual('the body', text((await link.answer(empty)).body), '');
    },
  },
  endsLink('W-064', 'a blob that no record takes ends the link', 'PROTOCOL', (link) =>
    link.send(GET, blob('left')),
  ),
  endsLink('W-064', 'a body_blob without a blob ends the link', 'PROTOCOL', (link) =>
    link.send(request(post('/echo'), { bodyBlob: true })),
  ),
  endsLink('W-064', 'a blob of the envelope before is not there any more', 'PROTOCOL', (link) => {
    link.send(blob('x'), request(post('/echo'), { bodyBlob: true }));
    link.send(request(post('/echo'), { bodyBlob: true }));
  }),
  endsLink(
    'W-064',
    'a Data that wants a blob that is not there ends the link',
    'PROTOCOL',
    (link) => {
      const id = link.ask(post('/echo'), { more: true });
      link.send(blobData(id, 0));
    },
  ),
  endsLink('W-069', 'a blob behind the record that takes it ends the link', 'PROTOCOL', (link) =>
    link.send(request(post('/echo'), { bodyBlob: true }), blob('late')),
  ),
  endsLink('W-069', 'a fill BLOB without a blob ends the link', 'PROTOCOL', async (link) => {
    await echoes(link, { ...get('/echo'), keep: 9 }, []);
    link.ask({ block: 9, ops: [fill.text(), fill.blob()], text: ['GET'] });
  }),
];

const packed: readonly ServerCase[] = needing('DEFLATE', [
  endsLink('W-064', 'a blob in packed ends the link', 'PROTOCOL', (link) => {
    link.startWindow('DEFLATE', 15);
    link.sendPacked([blob('x'), request(post('/echo'), { bodyBlob: true })]);
  }),
  {
    rule: 'W-064',
    name: 'a record in packed takes its blobs from plain',
    async run(server) {
      const link = await server.open();
      link.startWindow('DEFLATE', 15);
      const head = echo([op.name(4), op.secret(4)], 'x-echo-s');
      const id = link.sendPacked(
        [request(head, { bodyBlob: true })],
        [blob('value'), blob('body')],
      );
      const { fields, body } = await link.answer(id);
      expectEqual('the fields', fields, [['x-echo-s', 'value']]);
      expectThat(text(body) === 'body', 'the body "body"', text(body));
    },
  },
]);

/** Section 6: secrets and blobs. */
export const secrets: readonly ServerCase[] = [...sent, ...blobs, ...packed];
