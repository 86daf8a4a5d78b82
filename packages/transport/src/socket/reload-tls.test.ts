import { expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { testCertificate } from '../test/certificate.ts';
import { get, OK, pool, serve } from '../test/ends.ts';
import { failure, thrownBy } from '../test/failure.ts';
import { authority, client, other, server as own } from '../test/identities.ts';

const TLS = 'teleports://127.0.0.1:0';

function ok(exchange: ServerExchange): void {
  exchange.respond(OK, undefined, undefined);
}

test('links that stand go on, and who comes later sees the new certificate', async () => {
  const { server, url } = await serve(ok, { tls: testCertificate }, TLS);
  const before = pool(url, { tls: { ca: testCertificate.cert } });
  await before.call(get('/'));
  server.reloadTls(own);
  expect((await before.call(get('/'))).status).toBe(200);
  expect(before.stats().links).toMatchObject([{ requests: 2 }]);
  expect((await pool(url, { tls: { ca: authority } }).call(get('/'))).status).toBe(200);
  const stale = await failure(pool(url, { tls: { ca: testCertificate.cert } }).call(get('/')));
  expect(stale.code).toBe('UNREACHABLE');
});

test('names and authorities of clients are taken over too', async () => {
  const asking = { ...own, ca: authority };
  const { server, url } = await serve(ok, { tls: { ...asking, names: ['*.svc.example'] } }, TLS);
  const as = (who: typeof client) => pool(url, { tls: { ca: authority, ...who } }).call(get('/'));
  expect((await as(client)).status).toBe(200);
  server.reloadTls({ ...asking, names: ['other.example'] });
  expect((await failure(as(client))).code).toBe('UNREACHABLE');
  expect((await as(other)).status).toBe(200);
});

test('certificates that cannot be used are refused, and the old ones stay, on both sides', async () => {
  const { server, url } = await serve(ok, { tls: own }, TLS);
  const caller = pool(url, { tls: { ca: authority } });
  const wrong = { cert: own.cert, key: client.key };
  for (const refused of [
    thrownBy(() => server.reloadTls(wrong)),
    thrownBy(() => server.reloadTls({ ...own, cert: 'nonsense' })),
    thrownBy(() => server.reloadTls({ ca: authority })),
    thrownBy(() => server.reloadTls({ ...own, ca: authority, names: ['a.example'] })),
    thrownBy(() => caller.reloadTls(wrong)),
    thrownBy(() => caller.reloadTls({ ca: authority, names: ['not a name'] })),
  ]) {
    expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
  }
  expect((await caller.call(get('/'))).status).toBe(200);
  expect((await pool(url, { tls: { ca: authority } }).call(get('/'))).status).toBe(200);
});

test('a pool shows its new certificate when it dials next', async () => {
  const names = ['*.svc.example', 'other.example'];
  const tls = { ...own, ca: authority, names };
  const first = await serve(
    (exchange) => {
      exchange.respond(OK, Buffer.from(String(exchange.peerIdentity)), undefined);
    },
    { tls },
    TLS,
  );
  const caller = pool(first.url, { tls: { ca: authority, ...client }, links: 1 });
  const who = async () => (await caller.call(get('/'))).text();
  expect(await who()).toBe('client.svc.example,spiffe://tp.example/client');
  caller.reloadTls({ ca: authority, ...other });
  expect(await who()).toBe('client.svc.example,spiffe://tp.example/client');
  await first.server.close();
  const second = await serve(
    (exchange) => {
      exchange.respond(OK, Buffer.from(String(exchange.peerIdentity)), undefined);
    },
    { tls },
    first.url,
  );
  expect(second.url).toBe(first.url);
  await caller.ready().catch(() => caller.ready());
  expect(await who()).toBe('other.example');
});

test('a pool that dials by itself has no certificates to reload', () => {
  const caller = pool('teleport://a:1', { dial: () => new Promise<never>(() => {}) });
  expect(thrownBy(() => caller.reloadTls({ ca: authority })).message).toContain(
    'dialer of its own',
  );
});

test('a server without TLS may be given it before it listens', async () => {
  const { server } = await serve(ok);
  server.reloadTls(own);
  const url = await server.listen(TLS);
  expect((await pool(url, { tls: { ca: authority } }).call(get('/'))).status).toBe(200);
});
