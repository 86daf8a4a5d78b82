import { expect, test } from 'vitest';
import { certificate, key } from './test/certificate.ts';
import { failure, pair } from './test/pair.ts';

const TLS = 'teleports://127.0.0.1:0';
const own = { cert: certificate, key, ca: certificate };

test('a handler sees the names in its client’s certificate, and none where none was asked for', async () => {
  const handler = (request: { peerIdentity?: readonly string[] | undefined }) => ({
    body: JSON.stringify(request.peerIdentity ?? null),
  });
  const tls = { ...own, names: ['localhost'] };
  {
    await using both = await pair(handler, { tls }, { tls: own }, TLS);
    const response = await both.client.request({ path: '/' });
    expect(await response.json()).toEqual(['localhost', '127.0.0.1']);
  }
  await using both = await pair(handler, { tls: own }, { tls: own }, TLS);
  expect(await (await both.client.request({ path: '/' })).json()).toBeNull();
});

test('a client without the token of its server is told so', async () => {
  await using wrong = await pair(() => ({}), { tokens: ['right'] }, { token: 'wrong' });
  const error = await failure(wrong.client.request({ path: '/' }));
  expect(error).toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
  expect(error.message).toContain('the peer does not accept the token');
  await using right = await pair(() => ({}), { tokens: ['new', 'right'] }, { token: 'right' });
  expect((await right.client.request({ path: '/' })).status).toBe(200);
});

test('certificates are reloaded while both run; what cannot be used changes nothing', async () => {
  await using both = await pair(() => ({}), { tls: own }, { tls: own }, TLS);
  both.server.reloadTls(own);
  both.client.reloadTls(own);
  for (const end of [both.server, both.client]) {
    expect(() => end.reloadTls({ cert: certificate, key: 'nonsense' })).toThrow('cannot be used');
  }
  expect((await both.client.request({ path: '/' })).status).toBe(200);
});

test('plain text leaves this machine only when insecure is asked for', async () => {
  const anywhere = 'teleport://0.0.0.0:0';
  expect((await failure(pair(() => ({}), {}, {}, anywhere))).code).toBe('INVALID_ARGUMENT');
  const insecure = { insecure: true };
  await using both = await pair(() => ({}), insecure, insecure, anywhere);
  expect((await both.client.request({ path: '/' })).status).toBe(200);
});
