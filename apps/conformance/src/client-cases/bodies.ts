import type { ClientCase } from '../case.ts';
import { fieldsOnly, status } from '../craft/head.ts';
import { blob, blobData, data, response, trailers } from '../craft/record.ts';
import { expectAnswer } from '../engine/result.ts';
import { counted } from '../engine/text.ts';
import { post } from './ask.ts';
import { expectBytes } from './serve.ts';
import { answers, endsLink, endsStream } from './shapes.ts';

const MAX_BODY = 65_536;
const MAX_DATA = 16_384;

const received: readonly ClientCase[] = [
  ...[0, 1, 127, 128, 16_383, 16_384, 16_385, MAX_BODY].map((length) =>
    answers(
      'W-040',
      `a complete body of ${length} bytes comes with its head`,
      { status: 200, body: counted(length) },
      (link, id) => link.answer(id, 200, [], { body: counted(length) }),
    ),
  ),
  endsStream(
    'W-040',
    'a body of 65,537 bytes is an error of the stream',
    'BODY_LIMIT',
    (link, id) => link.answer(id, 200, [], { body: counted(MAX_BODY + 1) }),
  ),
  endsStream('W-046', 'a blob of 65,537 bytes is no body either', 'BODY_LIMIT', (link, id) =>
    link.send(blob(counted(MAX_BODY + 1)), response(status(200), { id, bodyBlob: true })),
  ),
  answers(
    'W-041',
    'a Data of 16,384 bytes is taken, be it a blob or not',
    { status: 200, body: counted(2 * MAX_DATA) },
    (link, id) => {
      const body = counted(2 * MAX_DATA);
      link.answer(id, 200, [], { more: true });
      link.send(data(id, body.subarray(0, MAX_DATA)));
      link.send(blob(body.subarray(MAX_DATA)), blobData(id, MAX_DATA, true));
    },
  ),
  endsLink('W-041', 'a Data of 16,385 bytes ends the link', 'PROTOCOL', (link, id) => {
    link.answer(id, 200, [], { more: true });
    link.send(data(id, counted(MAX_DATA + 1)));
  }),
  endsLink('W-046', 'a Data whose blob has 16,385 bytes ends the link', 'PROTOCOL', (link, id) => {
    link.answer(id, 200, [], { more: true });
    link.send(blob(counted(MAX_DATA + 1)), blobData(id, MAX_DATA + 1));
  }),
  answers(
    'W-049',
    'a body may come in pieces of any size, empty ones too, and end with an empty one',
    { status: 200, body: counted(600) },
    (link, id) => {
      const body = counted(600);
      link.answer(id, 200, [], { more: true });
      for (let at = 0; at < body.length; at += 100) {
        link.send(data(id, body.subarray(at, at + 100)), data(id, ''));
      }
      link.send(data(id, '', true));
    },
  ),
  answers(
    'W-049',
    'an empty body may be streamed',
    { status: 200, body: '', trailers: [] },
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.send(data(id, '', true));
    },
  ),
  answers(
    'W-049',
    'trailers may come without any Data',
    { status: 200, body: '', trailers: [['a', 'b']] },
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.send(trailers(id, fieldsOnly([['a', 'b']])));
    },
  ),
  answers(
    'W-049',
    'empty trailers are legal',
    { status: 200, body: 'abc', trailers: [] },
    (link, id) => {
      link.answer(id, 200, [], { more: true });
      link.send(data(id, 'abc'), trailers(id, fieldsOnly([])));
    },
  ),
];

/** A request's body of that many bytes, in pieces if `chunk` says so, with or without trailers. */
function uploads(name: string, body: number, rest: Parameters<typeof post>[2] = {}): ClientCase {
  return {
    rule: 'W-040',
    name,
    requests: [post('/up', body, rest)],
    async run(client) {
      const link = await client.link();
      const said = await link.request('/up');
      const came = said.more ? await link.rest(said.id) : { body: said.body, trailers: [] };
      expectBytes(came.body, counted(body));
      link.answer(said.id, 200, [], { body: 'taken' });
      expectAnswer((await client.results())[0], { status: 200, body: 'taken' });
    },
  };
}

const sent: readonly ClientCase[] = [
  ...[0, 1, 16_384, MAX_BODY, MAX_BODY + 1, 300_000].map((length) =>
    uploads(`a body of ${length} bytes is sent as it is`, length),
  ),
  uploads('a body in pieces of 1 byte is sent as it is', 300, { chunk: 1 }),
  uploads('a body in pieces of 70,000 bytes is cut for Data', 300_000, { chunk: 70_000 }),
  uploads('a streamed body that is empty has an end', 0, { chunk: 10 }),
  {
    rule: 'W-049',
    name: 'empty trailers, or none, end a body',
    requests: [post('/up', 100, { chunk: 30, trailers: [] })],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/up');
      expectBytes((await link.rest(id)).body, counted(100));
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
];

/** Section 8: bodies. */
export const bodies: readonly ClientCase[] = [...received, ...sent];
