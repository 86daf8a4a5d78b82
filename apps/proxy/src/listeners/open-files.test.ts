import { existsSync } from 'node:fs';
import { createClient } from '@tp/http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stats } from '../admin/stats.ts';
import { readCommand } from '../config/command.ts';
import type { Config } from '../config/config.ts';
import { boundTo, configFile, startFile } from '../test/chain.ts';
import { MAIN, startProxyProcess } from '../test/proxy-process.ts';
import { hasWholeResponse, type RawClient, rawClient } from '../test/raw-client.ts';
import { always, rawOrigin } from '../test/raw-origin.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const OPEN_FILES = 200;
const CONNECTIONS = ['--connections', '20'];
/** What the process needs by itself. */
const OWN = 64;
const WARNING =
  'more connections are allowed than files may be open: raise ulimit -n (LimitNOFILE), or lower max-connections, connections or links';

/** What a configuration of this text makes of `max-connections`. */
function connectionsOf(text: string): number[] {
  return configOf(text).listeners.map(({ maxConnections }) => maxConnections);
}

function configOf(text: string): Config {
  const command = readCommand(['--config', configFile(text)]);
  if (command.kind !== 'run') throw new Error('the arguments of a test start a proxy');
  return command.config;
}

describe('max-connections', () => {
  it('is an equal share of what the system allows, less what goes out', () => {
    const out = 'out: http://127.0.0.1:1\nconnections: 10\n';
    const [alone = 0] = connectionsOf(`in: http://127.0.0.1:0\n${out}`);
    expect(connectionsOf(`in: [http://127.0.0.1:0, "teleport://127.0.0.1:0"]\n${out}`)).toEqual([
      Math.floor(alone / 2),
      Math.floor(alone / 2),
    ]);
    expect(connectionsOf(`in: http://127.0.0.1:0\n${out.replace('10', '110')}`)).toEqual([
      alone - 100,
    ]);
    const listeners =
      'listeners: [{ url: "http://127.0.0.1:0", max-connections: 50 }, { url: "http://127.0.0.1:0" }]';
    expect(connectionsOf(`${listeners}\n${out}`)).toEqual([50, alone - 50]);
  });
});

describe.skipIf(!existsSync(MAIN))('open files (skipped where tp-proxy is not built)', () => {
  it('are never too few for those who were let in: the others are closed and counted', async () => {
    const origin = await rawOrigin(always(OK));
    const proxy = await startProxyProcess(
      [
        '--in',
        'http://127.0.0.1:0',
        '--out',
        origin.address,
        '--admin',
        '127.0.0.1:0',
        ...CONNECTIONS,
      ],
      onTestFinished,
      { openFiles: OPEN_FILES },
    );
    const allowed = OPEN_FILES - OWN - 20;
    const clients: RawClient[] = [];
    for (let turn = 0; turn < allowed; turn++) {
      const client = await rawClient(proxy.address);
      client.write(GET);
      expect(await client.got(hasWholeResponse)).toBe(OK);
      clients.push(client);
    }
    for (let turn = 0; turn < OPEN_FILES; turn++) {
      expect(await (await rawClient(proxy.address)).closed()).toBe('');
    }
    for (const client of clients) client.write(GET);
    for (const client of clients) await client.got((text) => text === OK + OK);
    const stats = await (await fetch(`${proxy.listening.admin}/stats.json`)).json();
    expect(stats).toMatchObject({ limitHits: { maxFrontConnections: OPEN_FILES } });
  });

  it('that a configuration may need beyond those that there are are warned of', async () => {
    const args = ['--in', 'http://127.0.0.1:0', '--out', 'http://127.0.0.1:1', ...CONNECTIONS];
    const few = { openFiles: OPEN_FILES };
    const proxy = await startProxyProcess(
      [...args, '--max-connections', '117'],
      onTestFinished,
      few,
    );
    expect(await proxy.logged(WARNING)).toMatchObject({
      needed: 201,
      allowed: OPEN_FILES,
    });
  });
});

describe('max-connections of a listener of links', () => {
  it('is how many links there may be, also after it was changed', async () => {
    const origin = await rawOrigin(always(OK));
    const text = `out: ${origin.address}\nin: "teleport://127.0.0.1:0"\nmax-connections: `;
    const proxy = await startFile(`${text}1\n`);
    const ask = async () => {
      const client = createClient(boundTo(proxy));
      onTestFinished(() => client.close());
      return client.request({ path: '/', headers: { host: 'a' } });
    };
    expect((await ask()).status).toBe(200);
    await expect(ask()).rejects.toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
    await proxy.reload(configOf(`${text}2\n`));
    expect((await ask()).status).toBe(200);
    await expect(ask()).rejects.toMatchObject({ code: 'UNREACHABLE', processed: 'no' });
    // Nobody was cut off for it.
    expect(stats(proxy).links).toHaveLength(2);
  });
});
