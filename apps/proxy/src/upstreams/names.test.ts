import { once } from 'node:events';
import http from 'node:http';
import { platform } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stats } from '../admin/stats.ts';
import { boundTo, start } from '../test/chain.ts';
import { exchange } from '../test/raw-client.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Origins at one port of several addresses of this machine; each answers with its address. */
async function originsAt(...addresses: readonly string[]): Promise<number> {
  let port = 0;
  for (const address of addresses) {
    const server = http.createServer((_, response) => void response.end(address));
    server.listen(port, address);
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const bound = server.address();
    port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  }
  return port;
}

/** A resolver whose answers are set, and which tells when it was asked. */
function naming(addresses: string[]) {
  const state = { addresses, failing: false };
  let asked = (): void => undefined;
  return {
    state,
    /** Resolves when it has been asked again, so that the answer before is in effect. */
    async settled(): Promise<void> {
      for (let i = 0; i < 2; i++) {
        await new Promise<void>((resolve) => {
          asked = resolve;
        });
      }
    },
    naming: {
      intervalMs: 10,
      resolver: {
        addresses: async () => {
          asked();
          if (state.failing) throw new Error('no answer');
          return state.addresses;
        },
        services: async () => [],
      },
    },
  };
}

// Only Linux has all of 127.0.0.0/8 without being told.
describe.skipIf(platform() !== 'linux')(
  'an HTTP member whose name stands for several addresses',
  () => {
    it('is as many members, which come and go with the answers', async () => {
      const port = await originsAt('127.0.0.2', '127.0.0.3', '127.0.0.4');
      const names = naming(['127.0.0.2', '127.0.0.3', '::1']);
      const out = `http://web.example:${port}`;
      const proxy = await start(['--in', 'http://127.0.0.1:0', '--out', out], names.naming);
      const seen = async (): Promise<string[]> => {
        const bodies = new Set<string>();
        for (let i = 0; i < 40; i++) {
          const answer = await exchange(boundTo(proxy), GET, (text) => /127\.0\.0\.\d$/.test(text));
          bodies.add(answer.slice(answer.lastIndexOf('\n') + 1));
        }
        return [...bodies].sort();
      };
      await names.settled();
      expect(await seen()).toEqual(['127.0.0.2', '127.0.0.3']);
      expect(proxy.upstreams.map(({ name }) => name)).toEqual([out, out]);

      names.state.addresses = ['127.0.0.4', '127.0.0.3'];
      await names.settled();
      const then = await seen();
      // The one that stays may have been slow before; the one that went gets nothing any more.
      expect(then).toContain('127.0.0.4');
      expect(then).not.toContain('127.0.0.2');

      names.state.failing = true;
      await names.settled();
      names.state.failing = false;
      names.state.addresses = [];
      await names.settled();
      expect(await seen()).not.toContain('127.0.0.2');
      expect(proxy.upstreams).toHaveLength(2);
      // What has gone still counts.
      expect(stats(proxy).requests.byOutcome).toEqual({ '2xx': 120 });
      expect(stats(proxy).httpBytes.in).toBeGreaterThan(120 * 2 * 50);
    });
  },
);
