import { once } from 'node:events';
import { connect } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
} from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { testCertificate } from '../test/certificate.ts';
import { get, OK, pool, serve } from '../test/ends.ts';
import { told } from '../test/events.ts';
import { eventually } from '../test/eventually.ts';
import { failure, outcome } from '../test/failure.ts';
import { parseAddress } from './address.ts';

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
  const { server, url } = await serve(
    ok,
    { ...tls, limits: { handshakeTimeoutMs: 30 } },
    'teleports://127.0.0.1:0',
  );
  const address = parseAddress(url);
  if (address.kind === 'unix') return expect.fail('not a port');
  const socket = connect({ host: address.host, port: address.port });
  await once(socket.resume(), 'close');
  expect(socket.bytesRead).toBe(0);
  expect(server.stats().limitHits.get('handshakeTimeout')).toBe(1);
});

/** What becomes of a handshake as a client of that kind makes it, and of a preface behind it. */
async function handshake(url: string, options: ConnectionOptions): Promise<string> {
  const address = parseAddress(url);
  if (address.kind === 'unix') return expect.fail('not a port');
  const { host, port } = address;
  const socket = connectTls({ host, port, ca: testCertificate.cert, ...options });
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve) => {
    socket.on('secureConnect', () => resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`));
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
  });
}

test('W-008 an acceptor takes tp/1 among others and no offer at all, and refuses other names alone', async () => {
  const errors = told('tp:link:error');
  const { server, url } = await serve(ok, tls, 'teleports://127.0.0.1:0');
  expect(await handshake(url, { ALPNProtocols: ['h2', 'tp/1'] })).toBe('TLSv1.3 tp/1');
  expect(await handshake(url, {})).toBe('TLSv1.3 false');
  expect(await handshake(url, { ALPNProtocols: ['h2', 'http/1.1'] })).toBe(
    'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  );
  await eventually(() => errors.length > 0);
  expect(errors).toMatchObject([{ side: 'server', link: 0, error: { code: 'PROTOCOL' } }]);
  expect(server.stats().limitHits.get('tlsHandshake')).toBe(1);
});

test('W-008 an acceptor refuses TLS before 1.3', async () => {
  const { server, url } = await serve(ok, tls, 'teleports://127.0.0.1:0');
  expect(await handshake(url, { maxVersion: 'TLSv1.2', ALPNProtocols: ['tp/1'] })).toBe(
    'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  );
  await eventually(() => server.stats().limitHits.get('tlsHandshake') === 1);
});

test('W-008 a dialer offers tp/1 alone and speaks no TLS before 1.3', async () => {
  const offers: unknown[] = [];
  const far = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
    createTlsServer({
      ...testCertificate,
      maxVersion,
      ALPNCallback: ({ protocols }) => {
        offers.push(protocols);
        return 'tp/1';
      },
    });
  for (const version of ['TLSv1.3', 'TLSv1.2'] as const) {
    const server = far(version);
    server.on('tlsClientError', () => {});
    server.on('secureConnection', (socket) => socket.on('error', () => {}).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const bound = server.address();
    const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
    const error = await failure(pool(`teleports://127.0.0.1:${port}`, trusted).call(get('/')));
    expect(error).toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
    if (version === 'TLSv1.2') expect(error.message).toMatch(/protocol version/i);
  }
  expect(offers).toEqual([['tp/1']]);
});
