import type { ClientCase } from '../case.ts';
import { fill, op, status } from '../craft/head.ts';
import { blob, blobData, data, response } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { expectEqual, Failure } from '../engine/failure.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import type { TextField } from '../referee/said.ts';
import { get, post } from './ask.ts';
import { serve } from './serve.ts';
import { answers, endsLink, heads, info, needing, ok } from './shapes.ts';

/** Fails when these bytes went through the client's window. */
function expectNotPacked(link: ClientLink, secret: string): void {
  const leak = link.referee.envelopes.find(({ unpacked }) =>
    Buffer.from(unpacked).includes(secret),
  );
  if (leak !== undefined) throw new Failure(`${secret} outside the window (W-060)`, 'it in packed');
}

/** A client that is made to say these heads, of which the secrets may not go through the window. */
function keeps(
  name: string,
  requests: readonly (readonly TextField[])[],
  secrets: readonly string[],
  tableBytes = 65_536,
): ClientCase {
  return {
    rule: 'W-060',
    name,
    // Each waits for the one before, so that each comes in a batch of its own.
    requests: requests.map((fields, i) =>
      get(`/${i}`, { fields, ...(i > 0 ? { after: i - 1 } : {}) }),
    ),
    async run(client) {
      const link = await client.link({ limits: { tableBytes } });
      const results = await serve(client, link, ({ id, path, fields }) => {
        expectEqual('the fields', fields, requests[Number(path.slice(1))]);
        link.answer(id, 200);
      });
      for (const result of results) {
        // Without room for one name a client may refuse what it cannot keep out of the window.
        if (result.error !== undefined && tableBytes < 200) expectError(result, [], 'no');
        else expectAnswer(result, { status: 200 });
      }
      for (const secret of secrets) expectNotPacked(link, secret);
    },
  };
}

const NAMES = [
  'authorization',
  'Authorization',
  'AUTHORIZATION',
  'cookie',
  'Cookie',
  'cOOKIE',
  'set-cookie',
  'Set-Cookie',
  'proxy-authorization',
  'Proxy-Authorization',
  'x-api-key',
  'X-API-Key',
];

const sent: readonly ClientCase[] = [
  ...NAMES.map((name) =>
    keeps(
      `the value of ${name} never enters packed, be it new, repeated or changed`,
      ['first', 'first', 'second', 'first', 'third', 'third'].map((secret) => [
        ['x-before', 'b'],
        [name, `hidden-${secret}`],
        ['x-behind', 'b'],
      ]),
      ['hidden-'],
    ),
  ),
  keeps(
    'several secrets in one head keep their order among other fields, and stay out of packed',
    Array.from({ length: 4 }, (_, i) => [
      ['Cookie', `hidden-a${i}`],
      ['x-between', `v${i}`],
      ['Authorization', 'Bearer hidden-b'],
      ['cookie', `hidden-a${i}`],
      ['X-Api-Key', ''],
    ]),
    ['hidden-a', 'hidden-b'],
  ),
  keeps(
    'a secret of 10,000 bytes stays out of packed',
    Array.from({ length: 3 }, () => [['cookie', 'hidden-'.repeat(1_400)]]),
    ['hidden-hidden-'],
  ),
  ...[1, 40, 161, 200, 300].map((tableBytes) =>
    keeps(
      `a table of ${tableBytes} bytes leaks no secret either`,
      Array.from({ length: 4 }, (_, i) => [
        ['x-a', 'again'],
        ['cookie', `hidden-${i % 2}`],
      ]),
      ['hidden-'],
      tableBytes,
    ),
  ),
  {
    rule: 'W-060',
    name: 'secrets of trailers stay out of packed',
    requests: [
      post('/', 5_000, { chunk: 1_000, trailers: [['Set-Cookie', 'hidden-in-trailers']] }),
    ],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/');
      const { trailers } = await link.rest(id);
      expectEqual('the trailers', trailers, [['Set-Cookie', 'hidden-in-trailers']]);
      expectNotPacked(link, 'hidden-in-trailers');
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
];

const SECRET = ok([op.name(4), op.secret(4)], 'set-cookie');

const blobs: readonly ClientCase[] = [
  heads(
    'W-064',
    'blobs are taken in order by the records that ask for one',
    { head: SECRET, blobs: ['a'], fields: [['set-cookie', 'a']] },
    {
      head: ok([op.secret(4), op.secret(4)]),
      blobs: ['b', 'c'],
      fields: [
        ['set-cookie', 'b'],
        ['set-cookie', 'c'],
      ],
    },
  ),
  answers(
    'W-069',
    "a record's head takes its blobs first, then its body takes one",
    { status: 200, fields: [['set-cookie', 'value']], body: 'body' },
    (link, id) => link.send(blob('value'), blob('body'), response(SECRET, { id, bodyBlob: true })),
  ),
  answers(
    'W-064',
    'blobs of several records may stand together before them',
    { status: 200, fields: [['set-cookie', 'two']] },
    (link, id) => {
      const first = response(info([op.name(4), op.secret(4)], 'set-cookie'), { id }, false);
      link.send(blob('one'), blob('two'), first, response(ok([op.secret(4)]), { id }));
    },
  ),
  heads(
    'W-069',
    'a record that breaks a rule of the stream takes its blobs all the same',
    {
      head: ok([op.literal(), op.name(4), op.secret(4)], 'bad name', '', 'set-cookie'),
      blobs: ['bad'],
      code: 'PROTOCOL',
    },
    { head: ok([op.secret(4)]), blobs: ['good'], fields: [['set-cookie', 'good']] },
  ),
  answers(
    'W-069',
    'a response that is dropped takes its blobs all the same',
    { status: 200, body: 'first' },
    (link, id) => {
      link.answer(id, 200, [], { body: 'first' });
      link.send(blob('x'), blob('y'), response(SECRET, { id, bodyBlob: true }));
    },
  ),
  answers(
    'W-046',
    "a response's body may be a blob",
    { status: 200, body: 'whole body' },
    (link, id) => link.send(blob('whole body'), response(status(200), { id, bodyBlob: true })),
  ),
  answers(
    'W-046',
    "a response's body may be an empty blob",
    { status: 200, body: '' },
    (link, id) => link.send(blob(''), response(status(200), { id, bodyBlob: true })),
  ),
  answers(
    'W-046',
    "a Data's bytes may be blobs, among others that are not",
    { status: 200, body: 'one two three' },
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.send(blob('one '), blobData(id, 4), data(id, 'two '));
      link.send(blob('three'), blobData(id, 5, true));
    },
  ),
  endsLink('W-064', 'a blob that no record takes ends the link', 'PROTOCOL', (link, id) =>
    link.send(response(status(200), { id }), blob('left')),
  ),
  endsLink('W-064', 'a body_blob without a blob ends the link', 'PROTOCOL', (link, id) =>
    link.send(response(status(200), { id, bodyBlob: true })),
  ),
  endsLink(
    'W-064',
    'a blob of the envelope before is not there any more',
    'PROTOCOL',
    (link, id, other) => {
      link.send(blob('x'), response(status(200), { id, bodyBlob: true }));
      link.send(response(status(200), { id: other, bodyBlob: true }));
    },
  ),
  endsLink(
    'W-064',
    'a Data that wants a blob that is not there ends the link',
    'PROTOCOL',
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.send(blobData(id, 0));
    },
  ),
  endsLink(
    'W-069',
    'a blob behind the record that takes it ends the link',
    'PROTOCOL',
    (link, id) => link.send(response(status(200), { id, bodyBlob: true }), blob('late')),
  ),
  endsLink('W-069', 'a fill BLOB without a blob ends the link', 'PROTOCOL', (link, id) => {
    link.send(response({ ...info(), keep: 9 }, { id }, false));
    link.send(response({ block: 9, ops: [fill.blob()] }, { id }));
  }),
  ...needing('DEFLATE', [
    endsLink('W-064', 'a blob in packed ends the link', 'PROTOCOL', (link, id) => {
      link.startWindow('DEFLATE', 15);
      link.sendPacked([blob('x'), response(status(200), { id, bodyBlob: true })]);
    }),
    answers(
      'W-064',
      'a record in packed takes its blobs from plain',
      { status: 200, fields: [['set-cookie', 'value']], body: 'body' },
      (link, id) => {
        link.startWindow('DEFLATE', 15);
        link.sendPacked([response(SECRET, { id, bodyBlob: true })], [blob('value'), blob('body')]);
      },
    ),
  ]),
];

/** Section 6: secrets and blobs. */
export const secrets: readonly ClientCase[] = [...sent, ...blobs];
