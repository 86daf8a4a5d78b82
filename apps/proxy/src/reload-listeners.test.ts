import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CERTIFICATE, KEY, OTHER_CERTIFICATE, OTHER_KEY } from './test/certificate.ts';
import { configFile } from './test/chain.ts';
import { MAIN, type ProxyProcess, startProxyProcess } from './test/proxy-process.ts';
import { exchange } from './test/raw-client.ts';
import {
  beginLong,
  type EchoOrigin,
  type SteadyLoad,
  startEchoOrigin,
  startSteadyLoad,
} from './test/steady-load.ts';

/** A change of one listener, and how it shows that it is in effect. */
interface Change {
  readonly name: string;
  /** Fields of the listener beside its url. */
  readonly fields: string;
  /** A request, and the beginning of its answer; sent where HTTP comes in. */
  readonly probe?: readonly [request: string, answer: RegExp];
}

const POST = (bytes: number): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`;
const LONG_HEAD = `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(3000)}\r\n\r\n`;
const TOO_LARGE = /^HTTP\/1\.1 431 /;
const TOO_LONG = /^HTTP\/1\.1 413 /;

const OF_HTTP: readonly Change[] = [
  { name: 'allow', fields: 'allow: [127.0.0.0/8]' },
  { name: 'max-body', fields: 'max-body: 2000', probe: [POST(2001), TOO_LONG] },
  { name: 'max-head', fields: 'max-head: 2048', probe: [LONG_HEAD, TOO_LARGE] },
  { name: 'max-requests', fields: 'max-requests: 100' },
  { name: 'max-connections', fields: 'max-connections: 100' },
  { name: 'headers-timeout', fields: 'headers-timeout: 5000' },
  {
    name: 'http2',
    fields: 'http2: true',
    // Frames.
    probe: ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', /^(?!HTTP)/],
  },
  { name: 'forwarded', fields: 'forwarded: [x-forwarded-for]' },
  { name: 'request-id', fields: 'request-id: true' },
  { name: 'proxy-protocol', fields: 'proxy-protocol: true, trusted: [192.0.2.1]' },
  { name: 'reuse-port', fields: 'reuse-port: true' },
];

const OF_LINKS: readonly Change[] = [
  { name: 'allow', fields: 'allow: [127.0.0.0/8]' },
  { name: 'max-body', fields: 'max-body: 2000', probe: [POST(2001), TOO_LONG] },
  { name: 'max-head', fields: 'max-head: 2048', probe: [LONG_HEAD, TOO_LARGE] },
  { name: 'max-requests', fields: 'max-requests: 100' },
  { name: 'codec', fields: 'codec: [deflate]' },
  { name: 'batch-delay', fields: 'batch-delay: 1' },
  { name: 'tokens', fields: 'tokens: [word]' },
];

const GET_ONLY: Change = {
  name: 'get-only',
  fields: 'get-only: true',
  probe: [POST(1), /^HTTP\/1\.1 405 /],
};

const TLS = (name: string): string =>
  `tls: { certificates: [{ cert: ${name}.pem, key: ${name}.key }] }`;
const ASKING = 'tls: { certificates: [{ cert: one.pem, key: one.key }], client-ca: two.pem }';

interface Reloadable extends ProxyProcess {
  /** Lets its listener have other fields, by SIGHUP; resolves when they are in effect. */
  change(fields: string): Promise<void>;
}

/** A proxy with one listener. */
async function startListener(url: string, fields: string, rest: string): Promise<Reloadable> {
  const text = (now: string): string => `listeners: [{ url: '${url}', ${now} }]\n${rest}`;
  const path = configFile(text(fields));
  for (const [name, pem] of Object.entries({
    'one.pem': CERTIFICATE,
    'one.key': KEY,
    'two.pem': OTHER_CERTIFICATE,
    'two.key': OTHER_KEY,
  })) {
    writeFileSync(join(dirname(path), name), pem);
  }
  const proxy = await startProxyProcess(['--config', path]);
  let turns = 0;
  return {
    ...proxy,
    async change(now) {
      writeFileSync(path, text(now));
      proxy.process.kill('SIGHUP');
      turns += 1;
      expect(await proxy.logged('reloaded', turns)).toMatchObject({ in: [proxy.address] });
    },
  };
}

/** Makes changes one after the other, each with requests under way, and takes each back. */
async function makeChanges(
  changes: readonly Change[],
  proxy: Reloadable,
  address: string,
  origin: EchoOrigin,
  load: SteadyLoad,
): Promise<void> {
  await load.more(3);
  for (const { name, fields, probe } of changes) {
    const long = await beginLong(address, origin);
    await proxy.change(fields);
    await load.more(3);
    if (probe !== undefined) {
      const [request, answer] = probe;
      expect(await exchange(address, request, (text) => text.length > 9), name).toMatch(answer);
    }
    expect(await long.finish(), name).toEqual([]);
    await proxy.change('');
    await load.more(3);
    expect(load.failures, name).toEqual([]);
  }
  await load.stop();
  expect([load.failures, load.resets]).toEqual([[], 0]);
}

describe.skipIf(!existsSync(MAIN))('SIGHUP (skipped where tp-proxy is not built)', () => {
  it('changes a listener of HTTP under load, without a failed request', async () => {
    const origin = await startEchoOrigin();
    const proxy = await startListener('http://127.0.0.1:0', '', `out: ${origin.address}`);
    const load = startSteadyLoad(() => proxy.address);
    await makeChanges(OF_HTTP, proxy, proxy.address, origin, load);
  });

  it('changes a listener of links under load, without a failed request', async () => {
    const origin = await startEchoOrigin();
    const far = await startListener('teleport://127.0.0.1:0', '', `out: ${origin.address}`);
    const near = await startProxyProcess([
      ...['--in', 'http://127.0.0.1:0', '--out', far.address, '--token', 'word'],
    ]);
    const load = startSteadyLoad(() => near.address);
    await makeChanges(OF_LINKS, far, near.address, origin, load);
  });

  it('lets a listener take GET alone under load of it, without a failed request', async () => {
    const origin = await startEchoOrigin();
    const far = await startListener('teleport://127.0.0.1:0', '', `out: ${origin.address}`);
    const near = await startListener('http://127.0.0.1:0', '', `out: ${far.address}`);
    const load = startSteadyLoad(() => near.address, { methods: ['GET'] });
    await load.more(3);
    for (const proxy of [near, far]) {
      await proxy.change(GET_ONLY.fields);
      await load.more(3);
      const [request, answer] = GET_ONLY.probe ?? ['', /x/];
      expect(await exchange(near.address, request)).toMatch(answer);
      await proxy.change('');
      await load.more(3);
    }
    await load.stop();
    expect([load.failures, load.resets]).toEqual([[], 0]);
  });

  it('asks clients of HTTPS for certificates, and no longer, under load', async () => {
    const origin = await startEchoOrigin();
    const proxy = await startListener('https://127.0.0.1:0', TLS('one'), `out: ${origin.address}`);
    const load = startSteadyLoad(() => proxy.address, {
      ca: [CERTIFICATE, OTHER_CERTIFICATE],
      own: { cert: OTHER_CERTIFICATE, key: OTHER_KEY },
    });
    for (const fields of [ASKING, TLS('two'), ASKING, TLS('one')]) {
      await load.more(3);
      await proxy.change(fields);
    }
    await load.more(3);
    await load.stop();
    expect([load.failures, load.resets]).toEqual([[], 0]);
    expect(new Set(load.certificates).size).toBe(2);
  });

  it('asks links for certificates, and no longer, under load', async () => {
    const origin = await startEchoOrigin();
    const far = await startListener(
      'teleports://127.0.0.1:0',
      TLS('one'),
      `out: ${origin.address}`,
    );
    const near = await startListener(
      'http://127.0.0.1:0',
      '',
      `groups: { far: { members: ['${far.address}'], tls: { cert: two.pem, key: two.key, ca: one.pem } } }`,
    );
    const load = startSteadyLoad(() => near.address);
    for (const fields of [ASKING, TLS('one'), ASKING, TLS('one')]) {
      await load.more(3);
      await far.change(fields);
    }
    await load.more(3);
    await load.stop();
    expect([load.failures, load.resets]).toEqual([[], 0]);
  });
});
