import type { Exchange } from './exchange.ts';

const BODY =
  'The kettle on the third shelf is older than the kitchen around it, and nobody in the house ' +
  'remembers who bought it, when, or why its lid is a slightly different shade of blue than the rest; ' +
  'it boils a litre in four minutes, and that has always been enough.';

/** The small call that httpteleport's benchmark makes: `GET /foo/bar`, answered by about 260 bytes of fixed text. */
export const GET_EXCHANGE: Exchange = {
  id: '',
  request: { method: 'GET', path: '/foo/bar', headers: ['Host', 'foobar'], body: null },
  response: {
    status: 200,
    headers: ['Content-Type', 'text/plain; charset=utf-8'],
    body: Buffer.from(BODY),
  },
};
