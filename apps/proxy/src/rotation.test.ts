import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import tls from 'node:tls';
import { describe, expect, it } from 'vitest';
import { CERTIFICATE, KEY, OTHER_CERTIFICATE, OTHER_KEY } from './test/certificate.ts';
import { configFile } from './test/chain.ts';
import { MAIN, type ProxyProcess, startProxyProcess } from './test/proxy-process.ts';
import { startEchoOrigin, startSteadyLoad } from './test/steady-load.ts';

/** How often every certificate is replaced. */
const ROUNDS = Number(process.env.TP_PROXY_TEST_ROTATIONS ?? 15);

const PAIRS = [
  { cert: CERTIFICATE, key: KEY },
  { cert: OTHER_CERTIFICATE, key: OTHER_KEY },
] as const;

const FAR = (origin: string): string => `
listeners:
  - url: teleports://127.0.0.1:0
    tls: { certificates: [{ cert: far.pem, key: far.key }], client-ca: clients.pem }
out: ${origin}
`;

/** Links are replaced all the time, so that they meet every certificate. */
const NEAR = (far: string): string => `
listeners:
  - url: https://127.0.0.1:0
    tls: { certificates: [{ cert: front.pem, key: front.key }] }
admin: 127.0.0.1:0
groups:
  far:
    members: ['${far}']
    tls: { cert: own.pem, key: own.key, ca: servers.pem }
    links: 2
    max-link-age: 250
`;

/** A proxy whose certificates are files beside its configuration. */
async function startWith(text: string, files: (turn: number) => Record<string, string>) {
  const path = configFile(text);
  const write = (turn: number): void => {
    for (const [name, pem] of Object.entries(files(turn))) {
      writeFileSync(join(dirname(path), name), pem);
    }
  };
  write(0);
  const proxy = await startProxyProcess(['--config', path]);
  let reloads = 0;
  return {
    proxy,
    /** Writes the files of a turn, but for some, under the same names; resolves when they are in effect. */
    async rotate(turn: number, others: Record<string, string> = {}): Promise<void> {
      write(turn);
      for (const [name, pem] of Object.entries(others)) {
        writeFileSync(join(dirname(path), name), pem);
      }
      proxy.process.kill('SIGHUP');
      reloads += 1;
      await proxy.logged('reloaded', reloads);
    },
  };
}

function pairAt(turn: number): (typeof PAIRS)[number] {
  return PAIRS[turn % 2] ?? PAIRS[0];
}

/** Which certificate somebody who connects now is shown: its turn, 0 or 1. */
async function shownBy(address: string, servername?: string): Promise<number> {
  const { hostname, port } = new URL(address);
  const name = servername === undefined ? {} : { servername };
  const to = { host: hostname, port: Number(port), rejectUnauthorized: false, ...name };
  const socket = tls.connect({ ...to, ALPNProtocols: ['tp/1', 'http/1.1'] });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  const shown = socket.getPeerX509Certificate()?.toString();
  socket.destroy();
  return PAIRS.findIndex(({ cert }) => cert === shown);
}

/** Which links stand. */
async function linksOf({ listening }: ProxyProcess): Promise<ReadonlySet<number>> {
  const stats = JSON.parse(await (await fetch(`${listening.admin}/stats.json`)).text());
  const links: readonly { link: number; state: string }[] = stats.links;
  return new Set(links.filter(({ state }) => state === 'open').map(({ link }) => link));
}

/** Resolves when others stand than did, as many. */
async function replaced(proxy: ProxyProcess, before: ReadonlySet<number>): Promise<void> {
  for (;;) {
    const now = await linksOf(proxy);
    if (now.size >= before.size && ![...now].some((link) => before.has(link))) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(!existsSync(MAIN))('certificates (skipped where tp-proxy is not built)', () => {
  it(
    `of a front, of links and of their clients are replaced ${ROUNDS} times under load, without a failed request`,
    async () => {
      const origin = await startEchoOrigin();
      const far = await startWith(FAR(origin.address), (turn) => ({
        'far.pem': pairAt(turn).cert,
        'far.key': pairAt(turn).key,
        'clients.pem': CERTIFICATE + OTHER_CERTIFICATE,
      }));
      const near = await startWith(NEAR(far.proxy.address), (turn) => ({
        'front.pem': pairAt(turn).cert,
        'front.key': pairAt(turn).key,
        'own.pem': pairAt(turn).cert,
        'own.key': pairAt(turn).key,
        'servers.pem': CERTIFICATE + OTHER_CERTIFICATE,
      }));
      const load = startSteadyLoad(() => near.proxy.address, {
        ca: [CERTIFICATE, OTHER_CERTIFICATE],
      });
      await load.more(10);
      for (let turn = 1; turn <= ROUNDS && load.failures.length === 0; turn++) {
        await near.rotate(turn);
        await far.rotate(turn);
        expect(await shownBy(near.proxy.address)).toBe(turn % 2);
        expect(await shownBy(far.proxy.address)).toBe(turn % 2);
        await load.more(5);
        if (turn % 5 > 0) continue;
        // Once no link shows the old ones, these need not be trusted any more.
        await replaced(near.proxy, await linksOf(near.proxy));
        await far.rotate(turn, { 'clients.pem': pairAt(turn).cert });
        await near.rotate(turn, { 'servers.pem': pairAt(turn).cert });
        await replaced(near.proxy, await linksOf(near.proxy));
        await load.more(5);
        await far.rotate(turn);
        await near.rotate(turn);
      }
      await load.stop();
      console.log(`${load.served} served, ${load.failures.length} failed`);
      expect([load.failures, load.resets]).toEqual([[], 0]);
      expect(new Set(load.certificates).size).toBe(2);
    },
    30_000 + 2_000 * ROUNDS,
  );
});
