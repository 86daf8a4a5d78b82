import { expect, test } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createPool } from '../pool/pool.ts';
import { createTransportServer } from '../server.ts';
import { testCertificate } from '../test/certificate.ts';
import { get, OK, pool, serve } from '../test/ends.ts';
import { told } from '../test/events.ts';
import { eventually } from '../test/eventually.ts';
import { failure, thrownBy } from '../test/failure.ts';
import { acceptOpen, dialScripted, scriptedServer } from '../test/scripted-peer.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function ok(exchange: ServerExchange): void {
  exchange.respond(OK, undefined, undefined);
}

test('W-024 each of several tokens is accepted, as text or bytes', async () => {
  const { url } = await serve(ok, { tokens: ['old', bytes('nöw')] });
  for (const token of ['old', bytes('old'), 'nöw', bytes('nöw')]) {
    expect((await pool(url, { token }).call(get('/'))).status).toBe(200);
  }
});

test.each(['teleport', 'teleports'])(
  'W-024 over %s, a wrong token is UNREACHABLE no, and says why; the server counts it',
  async (scheme) => {
    const { server, url } = await serve(
      ok,
      { tokens: ['right'], tls: testCertificate },
      `${scheme}://127.0.0.1:0`,
    );
    const tls = { ca: testCertificate.cert };
    const wrongs = ['wrong', 'righ', 'rightt', 'Right', undefined];
    for (const token of wrongs) {
      const client = pool(url, { tls, ...(token === undefined ? {} : { token }) });
      const call = await failure(client.call(get('/')));
      expect(call).toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
      expect(call.message).toContain('the peer does not accept the token');
      expect((await failure(client.ready())).code).toBe('UNREACHABLE');
    }
    await eventually(() => server.stats().links.length === 0);
    expect(server.stats().requests).toBe(0);
    expect(server.stats().limitHits.get('token')).toBeGreaterThanOrEqual(wrongs.length);
    expect((await pool(url, { tls, token: 'right' }).call(get('/'))).status).toBe(200);
  },
);

test('W-024 a refused link gets preface, hello and a final goaway REFUSED, and no more', async () => {
  const { url } = await serve(ok, { tokens: ['right'] });
  const peer = await dialScripted(url);
  peer.greet({ token: bytes('left') });
  await peer.end();
  expect(peer.said.map(({ kind }) => kind)).toEqual(['hello', 'goaway']);
  expect(peer.heard('goaway')).toMatchObject([{ code: 'REFUSED', final: true, lastId: 0 }]);
});

test('what a refused peer asks for is never handled', async () => {
  const handled: string[] = [];
  const { server, url } = await serve(({ path }) => void handled.push(path), { tokens: ['right'] });
  const peer = await dialScripted(url);
  peer.greet();
  peer.say((encoder) => encoder.request(1, get('/secret').head, undefined, false, 0));
  await peer.end();
  expect(handled).toEqual([]);
  expect(server.stats().requests).toBe(0);
});

test('a client that is refused waits longer from attempt to attempt, also when the goaway comes late', async () => {
  const unreachable = told('tp:pool:unreachable');
  const server = await scriptedServer();
  const client = pool(server.url, { token: 'a' });
  const call = failure(client.call(get('/')));
  const first = await acceptOpen(server);
  expect(new TextDecoder().decode(first.heard('hello')[0]?.hello.token)).toBe('a');
  await first.next('request');
  for (let attempt = 0; attempt < 3; attempt++) {
    const peer = attempt === 0 ? first : await acceptOpen(server);
    if (attempt > 0) await client.ready();
    peer.say((encoder) => encoder.goaway(0, 'REFUSED', true, 'who are you?'));
    await eventually(() => unreachable.length === attempt + 1);
  }
  expect(await call).toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
  expect((await call).message).toContain('who are you?');
});

test('tokens that cannot be are refused before anything listens or dials', () => {
  const long = 'x'.repeat(4_096);
  const serves = (tokens: readonly string[]) => () => createTransportServer(ok, { tokens });
  expect(thrownBy(serves([])).message).toContain('found no tokens');
  expect(thrownBy(serves(['a', ''])).message).toContain(
    'found tokens of 0 bytes; expected 1 to 4096',
  );
  expect(thrownBy(serves([`${long}x`])).message).toContain('found tokens of 4097 bytes');
  const dials = () => createPool(['teleport://127.0.0.1:1'], { token: '' });
  expect(thrownBy(dials)).toMatchObject({ code: 'INVALID_ARGUMENT', processed: 'no' });
});

test('a token of 4,096 bytes fits the hello', async () => {
  const token = 'x'.repeat(4_096);
  const { url } = await serve(ok, { tokens: [token] });
  expect((await pool(url, { token }).call(get('/'))).status).toBe(200);
});
