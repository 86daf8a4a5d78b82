import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { createPool, type Pool } from '@tp/transport';
import { RequestHead } from '@tp/wire';
import { listen, say } from './part.ts';
import { machineNow } from './said.ts';

// Many clients of one server: `storm-clients.js URL HOW_MANY ASK_MS`. Each has a pool of its own and,
// where ASK_MS is not 0, calls once in so long. When told to "tell", it says when each client first
// dialled, when any did, and when each connection stood, since it was told to "watch".
const [url = '', clients = '0', askMs = '0'] = process.argv.slice(2);
const whose = new AsyncLocalStorage<number>();
const firsts = new Map<number, number>();
const dials: number[] = [];
const connections: number[] = [];
let isWatching = false;

subscribe('net.client.socket', (message) => {
  if (!isWatching || typeof message !== 'object' || message === null) return;
  const client = whose.getStore();
  const now = machineNow();
  dials.push(now);
  if (client !== undefined && !firsts.has(client)) firsts.set(client, now);
  if (!('socket' in message) || !(message.socket instanceof Socket)) return;
  message.socket.once('connect', () => connections.push(machineNow()));
});

const pools = Array.from({ length: Number(clients) }, (_, client) =>
  whose.run(client, () => createPool([url])),
);
listen(({ kind }) => {
  if (kind === 'watch') watch();
  if (kind === 'count') say({ kind: 'count', figures: { back: connections.length } });
  if (kind === 'tell') {
    say({ kind: 'firsts', samples: [...firsts.values()] });
    say({ kind: 'dials', samples: dials });
    say({ kind: 'connections', samples: connections });
  }
});
await Promise.all(pools.map((pool) => pool.ready()));
say({ kind: 'ready' });

function watch(): void {
  isWatching = true;
  say({ kind: 'watching' });
  if (askMs === '0') return;
  for (const [client, pool] of pools.entries()) {
    whose.run(client, () => setTimeout(ask, Math.random() * Number(askMs), pool));
  }
}

function ask(pool: Pool): void {
  pool.call({ head: new RequestHead('GET', '/now') }).catch(() => {});
  setTimeout(ask, Number(askMs), pool);
}
