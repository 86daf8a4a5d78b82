import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProxyProcess } from '../test/proxy-process.ts';
import { startProxyProcess } from '../test/proxy-process.ts';
import { beginLong, startEchoOrigin, startSteadyLoad } from '../test/steady-load.ts';
import { restartableAddress, startFar, statsOf } from './pair.ts';
import { needs } from './tools.ts';

/** How often each side is started anew; 200 are for a person with ten minutes. */
const ROUNDS = Number(process.env.TP_PROXY_TEST_RESTARTS ?? 6);

/** Whether the system hands what waits at a socket that closes to another one at the same port. */
const MIGRATES = /^1/.test(readSysctl('/proc/sys/net/ipv4/tcp_migrate_req'));

const need = needs();

describe.skipIf(need.missing)(need.title('rolling restarts under load'), () => {
  it(
    `of three far proxies, ${ROUNDS} times, fail no request`,
    async () => {
      const origin = await startEchoOrigin();
      const fars = await Promise.all(
        [0, 1, 2].map(async () => startFar(await restartableAddress(), origin.address)),
      );
      const out = fars.map(({ address }) => address).join(',');
      const near = await startProxyProcess([
        ...['--in', 'http://127.0.0.1:0', '--out', out, '--admin', '127.0.0.1:0'],
      ]);
      await linked(near, fars.length);
      const load = startSteadyLoad(() => near.address);
      await load.more(20);
      for (let round = 0; round < ROUNDS && load.failures.length === 0; round++) {
        const old = fars[round % fars.length];
        if (old === undefined) throw new Error();
        const long = await beginLong(near.address, origin);
        old.process.kill('SIGTERM');
        await old.logged('draining');
        await load.more(2);
        expect(await long.finish()).toEqual([]);
        expect(await old.exited).toBe(0);
        fars[round % fars.length] = await startFar(old.address, origin.address);
        await linked(near, fars.length);
        await load.more(2);
      }
      await load.stop();
      console.log(`far side: ${load.served} served, ${load.failures.length} failed`);
      expect(load.failures).toEqual([]);
      expect(load.resets).toBe(0);
    },
    30_000 + 5_000 * ROUNDS,
  );

  it(
    `of a near proxy whose successor shares its port, ${ROUNDS} times, fail no request`,
    async () => {
      const origin = await startEchoOrigin();
      const far = await startFar('teleport://127.0.0.1:0', origin.address);
      const start = (address: string) =>
        startProxyProcess([
          ...['--in', address, '--out', far.address, '--reuse-port', '--admin', '127.0.0.1:0'],
        ]);
      let running = await start('http://127.0.0.1:0');
      const { address } = running;
      const load = startSteadyLoad(() => address);
      await load.more(20);
      for (let round = 0; round < ROUNDS && load.failures.length === 0; round++) {
        const long = await beginLong(address, origin);
        const next = await start(address);
        running.process.kill('SIGTERM');
        await running.logged('draining');
        await load.more(2);
        expect(await long.finish()).toEqual([]);
        expect(await running.exited).toBe(0);
        running = next;
        await load.more(2);
      }
      await load.stop();
      console.log(
        `near side: ${load.served} served, ${load.failures.length} failed, ${load.resets} new connections reset`,
      );
      expect(load.failures).toEqual([]);
      // Without that, the system resets what comes to a socket in the moment in which it closes.
      if (MIGRATES) expect(load.resets).toBe(0);
    },
    30_000 + 5_000 * ROUNDS,
  );
});

/** Resolves when a proxy has so many links that stand. */
async function linked(proxy: ProxyProcess, count: number): Promise<void> {
  for (;;) {
    const { links } = await statsOf(proxy);
    if (links.filter(({ state }) => state === 'open').length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function readSysctl(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
