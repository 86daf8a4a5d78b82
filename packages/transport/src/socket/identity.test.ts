import { expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createPool } from '../pool/pool.ts';
import { createTransportServer, type TransportServerOptions } from '../server.ts';
import { get, OK, pool, serve } from '../test/ends.ts';
import { told } from '../test/events.ts';
import { eventually } from '../test/eventually.ts';
import { failure, thrownBy } from '../test/failure.ts';
import { authority, client, forged, nameless, other, server as own } from '../test/identities.ts';

const TLS = 'teleports://127.0.0.1:0';

function ok(exchange: ServerExchange): void {
  exchange.respond(OK, undefined, undefined);
}

/** A server whose clients need certificates with these names. */
function demanding(names: readonly string[], handle = ok) {
  return serve(handle, { tls: { ...own, ca: authority, names } }, TLS);
}

test.each([['client.svc.example'], ['*.svc.example'], ['spiffe://tp.example/client']])(
  'a client whose certificate has the name %s is taken, and its names are seen',
  async (name) => {
    const seen: unknown[] = [];
    const { server, url } = await demanding(['elsewhere.example', name], (exchange) => {
      seen.push(exchange.peerIdentity);
      ok(exchange);
    });
    const caller = pool(url, { tls: { ca: authority, ...client } });
    await Promise.all([caller.call(get('/')), caller.call(get('/'))]);
    const names = ['client.svc.example', 'spiffe://tp.example/client'];
    expect(seen).toEqual([names, names]);
    expect(seen[0]).toBe(seen[1]);
    expect(server.stats().links).toMatchObject([{ peerIdentity: names }]);
    expect(caller.stats().links).toMatchObject([
      { peerIdentity: ['server.example', 'spiffe://tp.example/server', '127.0.0.1'] },
    ]);
  },
);

test.each([
  ['another name', other, 'has other.example; expected one of client.svc.example'],
  ['no name', nameless, 'has no name; expected one of client.svc.example'],
  ['an authority that is not trusted', forged, 'not accepted: '],
  ['no certificate', {}, 'not accepted: '],
])(
  'a client with %s is closed, counted and told of; nothing of it is handled',
  async (_, shown, why) => {
    const errors = told('tp:link:error');
    const { server, url } = await demanding(['client.svc.example']);
    const caller = pool(url, { tls: { ca: authority, ...shown } });
    expect(await failure(caller.call(get('/')))).toMatchObject({
      code: 'UNREACHABLE',
      processed: 'no',
    });
    await eventually(() => errors.some(({ side }) => side === 'server'));
    const told0 = errors.find(({ side }) => side === 'server');
    expect(told0).toMatchObject({ link: 0, error: { code: 'REFUSED', processed: 'no' } });
    expect(told0?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(told0?.error.message).toContain(why);
    expect(server.stats().limitHits.get('peerIdentity')).toBeGreaterThanOrEqual(1);
    expect(server.stats()).toMatchObject({ requests: 0, links: [] });
  },
);

test('requestCert alone takes any certificate that the authority vouches for, and no other', async () => {
  const { url } = await serve(ok, { tls: { ...own, ca: authority, requestCert: true } }, TLS);
  const tls = { ca: authority };
  expect((await pool(url, { tls: { ...tls, ...other } }).call(get('/'))).status).toBe(200);
  const refused = await failure(pool(url, { tls: { ...tls, ...forged } }).call(get('/')));
  expect(refused.code).toBe('UNREACHABLE');
});

test('where certificates need not be verified, one that is not says nothing of who it is', async () => {
  const seen: unknown[] = [];
  const tls = { ...own, ca: authority, requestCert: true, rejectUnauthorized: false };
  const handle = (exchange: ServerExchange) => {
    seen.push(exchange.peerIdentity);
    ok(exchange);
  };
  const { url } = await serve(handle, { tls }, TLS);
  for (const shown of [forged, {}, other]) {
    await pool(url, { tls: { ca: authority, ...shown } }).call(get('/'));
  }
  expect(seen).toEqual([undefined, undefined, ['other.example']]);
});

test('a pool pins the names of its server, which need not be that of the host', async () => {
  const { url } = await serve(ok, { tls: own }, TLS);
  for (const name of ['server.example', '*.example', 'spiffe://tp.example/server']) {
    const caller = pool(url, { tls: { ca: authority, names: [name] } });
    expect((await caller.call(get('/'))).status).toBe(200);
  }
  const wrong = await failure(
    pool(url, { tls: { ca: authority, names: ['127.0.0.2', 'other.example'] } }).call(get('/')),
  );
  expect(wrong).toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
  expect(wrong.message).toContain(
    'has server.example, spiffe://tp.example/server, 127.0.0.1; expected one of 127.0.0.2, other.example',
  );
});

test('a pinned name is no substitute for an authority', async () => {
  const { url } = await serve(ok, { tls: forged }, TLS);
  const tls = { ca: authority, names: ['client.svc.example'] };
  expect((await failure(pool(url, { tls }).call(get('/')))).code).toBe('UNREACHABLE');
});

test.each<[string, TransportServerOptions['tls']]>([
  ['tls.ca', { ...own, names: ['a.example'] }],
  ['verified', { ...own, ca: authority, names: ['a.example'], rejectUnauthorized: false }],
  ['asked for', { ...own, ca: authority, names: ['a.example'], requestCert: false }],
  ['tls.names', { ...own, ca: authority, names: [] }],
  ['needs a certificate', { ca: authority }],
  ['cannot be used', { cert: own.cert, key: client.key }],
  ['cannot be used', { cert: 'nonsense', key: own.key }],
])('a server refuses TLS options that make no sense: %s', (why, tls) => {
  const refused = thrownBy(() => createTransportServer(ok, tls === undefined ? {} : { tls }));
  expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
  expect(refused.message).toContain(why);
});

test('a pool refuses TLS options that make no sense', () => {
  const dials = (tls: NonNullable<Parameters<typeof createPool>[1]>['tls']) => () =>
    createPool(['teleports://127.0.0.1:1'], tls === undefined ? {} : { tls });
  const names = ['a.example'];
  for (const refused of [
    thrownBy(dials({ names, rejectUnauthorized: false })),
    thrownBy(dials({ names, checkServerIdentity: () => undefined })),
    thrownBy(dials({ names: [] })),
    thrownBy(dials({ cert: client.cert, key: other.key })),
    thrownBy(dials({ ca: 'nonsense', cert: 'nonsense' })),
  ]) {
    expect(refused.code).toBe('INVALID_ARGUMENT');
  }
});
