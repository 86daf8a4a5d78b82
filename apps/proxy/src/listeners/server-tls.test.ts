import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stats } from '../admin/stats.ts';
import { CERTIFICATE, KEY, OTHER_CERTIFICATE, OTHER_KEY } from '../test/certificate.ts';
import { boundTo, configFile, start } from '../test/chain.ts';
import { exchange } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Starts a proxy with both certificates beside its file: `one.pem`, `one.key`, `two.pem`, `two.key`. */
async function startTls(text: string) {
  const path = configFile(text);
  for (const [name, pem] of [
    ['one.pem', CERTIFICATE],
    ['one.key', KEY],
    ['two.pem', OTHER_CERTIFICATE],
    ['two.key', OTHER_KEY],
  ] as const) {
    writeFileSync(join(dirname(path), name), pem);
  }
  return start(['--config', path]);
}

/** Sends a request over TLS; resolves with the answer, and which certificate was shown. */
async function ask(
  address: string,
  options: tls.ConnectionOptions,
): Promise<{ shown: string; answer: string }> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: Number(new URL(address).port),
    rejectUnauthorized: false,
    ...options,
  });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  const shown = socket.getPeerX509Certificate()?.toString() ?? '';
  socket.write(GET);
  let answer = '';
  for await (const piece of socket) {
    answer += String(piece);
    if (answer.endsWith('ok')) break;
  }
  return { shown: shown === OTHER_CERTIFICATE ? 'two' : 'one', answer };
}

describe('an HTTPS listener with several certificates', () => {
  it.each([
    ['two.example', 'two'],
    ['TWO.example', 'two'],
    ['a.two.example', 'two'],
    ['a.b.two.example', 'one'],
    ['one.example', 'one'],
    ['a.other.example', 'one'],
    [undefined, 'one'],
  ])('shows the one that is for %s: %s', async (servername, expected) => {
    const origin = await rawOrigin(always(OK));
    const proxy = await startTls(`
listeners:
  - url: https://127.0.0.1:0
    tls:
      certificates:
        - { cert: one.pem, key: one.key }
        - { cert: two.pem, key: two.key, names: [two.example, '*.two.example'] }
out: ${origin.address}
`);
    const named = servername === undefined ? {} : { servername };
    expect(await ask(boundTo(proxy), named)).toEqual({ shown: expected, answer: OK });
  });

  it.each([
    ['two.example', 'two'],
    ['a.two.example', 'two'],
    ['one.example', 'one'],
    [undefined, 'one'],
  ])('shows links the one that is for %s: %s', async (servername, expected) => {
    const proxy = await startTls(`
listeners:
  - url: teleports://127.0.0.1:0
    tls:
      certificates:
        - { cert: one.pem, key: one.key }
        - { cert: two.pem, key: two.key, names: [two.example, '*.two.example'] }
out: http://127.0.0.1:1
`);
    const { port } = new URL(boundTo(proxy));
    const named = servername === undefined ? {} : { servername };
    const place = { host: '127.0.0.1', port: Number(port), rejectUnauthorized: false };
    const socket = tls.connect({ ...place, ALPNProtocols: ['tp/1'], ...named });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    const shown = socket.getPeerX509Certificate()?.toString();
    expect(shown).toBe(expected === 'two' ? OTHER_CERTIFICATE : CERTIFICATE);
  });

  it('takes the names that they have where it is told none', async () => {
    const origin = await rawOrigin(always(OK));
    const proxy = await startTls(`
listeners:
  - url: https://127.0.0.1:0
    tls: { certificates: [{ cert: one.pem, key: one.key }, { cert: two.pem, key: two.key }] }
out: ${origin.address}
`);
    const { shown } = await ask(boundTo(proxy), { servername: 'a.other.example' });
    expect(shown).toBe('two');
    expect((await ask(boundTo(proxy), { servername: 'localhost' })).shown).toBe('one');
  });
});

describe('an HTTPS listener that asks for certificates', () => {
  async function startAsking(names: string): Promise<Awaited<ReturnType<typeof startTls>>> {
    const origin = await rawOrigin(always(OK));
    return startTls(`
listeners:
  - url: https://127.0.0.1:0
    tls:
      certificates: [{ cert: one.pem, key: one.key }]
      client-ca: two.pem
      client-names: [${names}]
out: ${origin.address}
`);
  }
  const shown = { cert: OTHER_CERTIFICATE, key: OTHER_KEY };

  it('serves clients whose certificate is vouched for and has one of the names', async () => {
    const proxy = await startAsking('elsewhere.example, a.other.example');
    expect((await ask(boundTo(proxy), shown)).answer).toBe(OK);
  });

  it('cuts off those without one, with one of others, and with other names', async () => {
    const proxy = await startAsking('localhost');
    const answerOf = (options: tls.ConnectionOptions): Promise<string> =>
      ask(boundTo(proxy), options).then(
        ({ answer }) => answer,
        () => '',
      );
    expect(await answerOf({})).toBe('');
    expect(await answerOf({ cert: CERTIFICATE, key: KEY })).toBe('');
    expect(await answerOf(shown)).toBe(OK);
    const strict = await startAsking('elsewhere.example');
    expect(await ask(boundTo(strict), shown).catch(() => undefined)).not.toMatchObject({
      answer: OK,
    });
    expect(stats(strict).limitHits).toEqual({ clientNames: 1 });
  });
});

describe('HTTPS listeners with the same ticket keys', () => {
  it.each([
    ['the same', 'tickets.bin', true],
    ['none', undefined, false],
  ])('resume what another one began: %s', async (_which, file, expected) => {
    const origin = await rawOrigin(always(OK));
    const path = configFile(`
in: https://127.0.0.1:0
tls-cert: one.pem
tls-key: one.key
${file === undefined ? '' : `ticket-keys: ${file}`}
out: ${origin.address}
`);
    const folder = dirname(path);
    writeFileSync(join(folder, 'one.pem'), CERTIFICATE);
    writeFileSync(join(folder, 'one.key'), KEY);
    writeFileSync(join(folder, 'tickets.bin'), Buffer.alloc(48, 7));
    const [first, second] = [await start(['--config', path]), await start(['--config', path])];
    const connect = (proxy: typeof first, session?: Buffer): tls.TLSSocket => {
      const port = Number(new URL(boundTo(proxy)).port);
      const socket = tls.connect({
        ...{ host: '127.0.0.1', port, rejectUnauthorized: false },
        ...(session === undefined ? {} : { session }),
      });
      onTestFinished(() => void socket.destroy());
      return socket;
    };
    const begun = connect(first);
    begun.resume();
    const [session] = await once(begun, 'session');
    const resumed = connect(second, session);
    await once(resumed, 'secureConnect');
    expect(resumed.isSessionReused()).toBe(expected);
  });
});

describe('an HTTPS origin', () => {
  it.each([
    ['its host', '', '200'],
    ['one of the names', ', names: [localhost]', '200'],
    ['none of the names', ', names: [a.example]', '503'],
  ])('is known by %s', async (_how, names, status) => {
    const origin = await rawOrigin(always(OK));
    const secure = await startTls(`
in: https://127.0.0.1:0
tls-cert: one.pem
tls-key: one.key
out: ${origin.address}
`);
    const proxy = await startTls(`
in: http://127.0.0.1:0
groups: { web: { members: ['${boundTo(secure)}'], tls: { ca: one.pem${names} } } }
`);
    expect(await exchange(boundTo(proxy), GET)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});

describe('links whose ends show who they are', () => {
  it.each([
    ['as both expect', 'names: [localhost], cert: two.pem, key: two.key', 'old', '200'],
    ['without a certificate', 'names: [localhost]', 'old', '503'],
    [
      'to a server of another name',
      'names: [a.example], cert: two.pem, key: two.key',
      'old',
      '503',
    ],
    ['with a token that is not taken', 'cert: two.pem, key: two.key', 'wrong', '503'],
  ])('carry requests or not: %s', async (_how, own, token, status) => {
    const origin = await rawOrigin(always(OK));
    const far = await startTls(`
listeners:
  - url: teleports://127.0.0.1:0
    tokens: [new, old]
    tls:
      certificates: [{ cert: one.pem, key: one.key }]
      client-ca: two.pem
      client-names: ['*.other.example']
out: ${origin.address}
`);
    const near = await startTls(`
in: http://127.0.0.1:0
groups:
  far: { members: ['${boundTo(far)}'], tls: { ca: one.pem, ${own} }, token: ${token} }
timeout: 3000
`);
    expect(await exchange(boundTo(near), GET)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });
});
