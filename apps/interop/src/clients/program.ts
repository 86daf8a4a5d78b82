import type { Asked, HttpClient } from './client.ts';
import { PIECE } from './origin.ts';
import type { Origin } from './recorder.ts';

/** One behaviour: what is asked, and what must at least be seen, so that nothing passes empty. */
export interface Behaviour {
  readonly name: string;
  readonly needs?: NonNullable<HttpClient['lacks']>[number];
  /** Made anew for each run, as signals and streams are used up. */
  readonly asked: (origin: Origin) => Asked;
  /** The status that ends it, or that it fails. */
  readonly ends: number | 'fails';
}

/** The same for every client. */
export const PROGRAM: readonly Behaviour[] = [
  { name: 'a GET', asked: () => ({ path: '/echo' }), ends: 200 },
  {
    name: 'a query with what must be escaped',
    asked: () => ({
      path: '/echo',
      query: [
        ['a', '1 2'],
        ['a', 'ü&='],
        ['b[]', '/?#'],
      ],
    }),
    ends: 200,
  },
  {
    name: 'JSON to a POST',
    asked: () => ({ method: 'POST', path: '/echo', json: { text: 'grüße', list: [1, null] } }),
    ends: 200,
  },
  {
    name: 'a form',
    asked: () => ({ method: 'POST', path: '/echo', form: { name: 'Jürgen', 'a b': 'c&d' } }),
    ends: 200,
  },
  {
    name: 'text to a PUT, with fields of its own',
    asked: () => ({
      method: 'PUT',
      path: '/echo',
      text: 'plain',
      headers: { 'X-Own': '1', 'Content-Type': 'text/plain', Accept: 'text/*' },
    }),
    ends: 200,
  },
  { name: 'a PATCH', asked: () => ({ method: 'PATCH', path: '/echo', json: {} }), ends: 200 },
  { name: 'a DELETE', asked: () => ({ method: 'DELETE', path: '/echo' }), ends: 200 },
  { name: 'a HEAD', asked: () => ({ method: 'HEAD', path: '/echo' }), ends: 200 },
  { name: 'a POST without a body', asked: () => ({ method: 'POST', path: '/echo' }), ends: 200 },
  { name: '204', asked: () => ({ path: '/empty/204' }), ends: 204 },
  {
    name: '304',
    asked: () => ({ path: '/empty/304', headers: { 'If-None-Match': '"x"' } }),
    ends: 304,
  },
  { name: '404', asked: () => ({ path: '/nowhere' }), ends: 404 },
  { name: '500', asked: () => ({ path: '/status/500' }), ends: 500 },
  {
    name: 'fields in odd case, repeated, empty and beyond ASCII, and a phrase of its own',
    asked: () => ({ path: '/fields' }),
    ends: 299,
  },
  { name: 'gzip', asked: () => ({ path: '/gzip' }), ends: 200 },
  { name: 'brotli', asked: () => ({ path: '/br' }), ends: 200 },
  { name: 'deflate', asked: () => ({ path: '/deflate' }), ends: 200 },
  {
    name: 'cookies',
    asked: () => ({ path: '/cookies', headers: { Cookie: 'c=3; d=4' } }),
    ends: 200,
  },
  {
    name: 'a name and password',
    needs: 'auth',
    asked: () => ({ path: '/auth', auth: { username: 'user', password: 'pass word' } }),
    ends: 200,
  },
  { name: 'neither name nor password', asked: () => ({ path: '/auth' }), ends: 401 },
  ...[301, 302, 303, 307, 308].map(
    (status): Behaviour => ({
      name: `a redirect by ${status} that is followed with a body`,
      needs: 'redirects',
      asked: () => ({ method: 'POST', path: `/redirect/${status}`, json: { a: 1 }, redirects: 5 }),
      ends: 200,
    }),
  ),
  { name: 'a redirect that is not followed', asked: () => ({ path: '/redirect/302' }), ends: 302 },
  {
    name: 'more redirects than it follows',
    needs: 'redirects',
    asked: () => ({ path: '/redirect/302/30', redirects: 20 }),
    ends: 'fails',
  },
  {
    name: 'a retry after 503',
    needs: 'retries',
    asked: () => ({ path: '/flaky', retries: 2 }),
    ends: 200,
  },
  { name: 'a download of 3 MB', asked: () => ({ path: '/pieces/30' }), ends: 200 },
  {
    name: 'an upload of 3 MB without a length',
    asked: () => ({ method: 'POST', path: '/pieces/0', pieces: Array(30).fill(PIECE) }),
    ends: 200,
  },
  {
    name: 'a client that leaves before the response',
    asked: (origin) => ({ path: '/never', signal: onArrival(origin) }),
    ends: 'fails',
  },
  {
    name: 'a client that leaves in mid-response',
    asked: () => ({ path: '/stalls', leaveInBody: true }),
    ends: 'fails',
  },
  {
    name: 'a response that takes too long',
    asked: () => ({ path: '/never', timeoutMs: 500 }),
    ends: 'fails',
  },
  {
    name: 'an origin that breaks off before the head',
    asked: () => ({ method: 'POST', path: '/reset' }),
    ends: 'fails',
  },
  {
    name: 'an origin that breaks off in mid-body',
    asked: () => ({ path: '/broken' }),
    ends: 'fails',
  },
  { name: 'early hints', asked: () => ({ path: '/early-hints' }), ends: 200 },
  { name: 'trailers', asked: () => ({ path: '/trailers' }), ends: 200 },
];

/** A signal that fires when the origin has the request. */
function onArrival(origin: Origin): AbortSignal {
  const leaving = new AbortController();
  void origin.next.then(() => leaving.abort());
  return leaving.signal;
}
