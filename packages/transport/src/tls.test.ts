import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { parseAddress } from './address.ts';
import type { ServerExchange } from './server-exchange.ts';
import { testCertificate } from './test/certificate.ts';
import { get, OK, pool, serve } from './test/ends.ts';
import { failure, outcome } from './test/failure.ts';

const ok = (exchange: ServerExchange) => exchange.respond(OK, undefined, undefined);
const tls = { tls: testCertificate };
const trusted = { tls: { ca: testCertificate.cert } };

test('a certificate that nobody vouches for, or of another name, is UNREACHABLE no', async () => {
  const { url } = await serve(ok, tls, 'teleports://127.0.0.1:0');
  expect((await pool(url, trusted).call(get('/'))).status).toBe(200);
  const unknown = await failure(pool(url).call(get('/')));
  expect(unknown).toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
  expect(unknown.message).toContain('self-signed');
  const other = { tls: { ...trusted.tls, servername: 'elsewhere.example' } };
  expect(await outcome(pool(url, other).call(get('/')))).toBe('UNREACHABLE no');
});

test('TLS is never given up: neither side speaks plainly to one that does not match', async () => {
  const secure = await serve(ok, tls, 'teleports://127.0.0.1:0');
  const plain = await serve(ok);
  const toSecure = pool(secure.url.replace('teleports:', 'teleport:'));
  const toPlain = pool(plain.url.replace('teleport:', 'teleports:'), trusted);
  for (const client of [toSecure, toPlain]) {
    expect(await outcome(client.call(get('/')))).toBe('UNREACHABLE no');
  }
  for (const { server } of [secure, plain]) expect(server.stats().requests).toBe(0);
});

test('a TLS handshake that never comes ends after handshakeTimeoutMs as well (W-011)', async () => {
  const { url } = await serve(
    ok,
    { ...tls, limits: { handshakeTimeoutMs: 30 } },
    'teleports://127.0.0.1:0',
  );
  const address = parseAddress(url);
  if (address.kind === 'unix') return expect.fail('not a port');
  const socket = connect({ host: address.host, port: address.port });
  await once(socket.resume(), 'close');
  expect(socket.bytesRead).toBe(0);
});
