import { createInterface } from 'node:readline';
import { createPool, createTransportServer, type LinkOptions, type Pool } from '@tp/transport';
import { Fields, isTpError, RequestHead, ResponseHead } from '@tp/wire';
import { makeExchanges } from '../traffic/kinds.ts';
import { measureMemory } from './memory.ts';

// One end of many links in a process of its own: `worker.js server CODEC WINDOW_IDLE_MS` prints
// {"url":…}, `worker.js client CODEC WINDOW_IDLE_MS URL` prints {"ready":true}. Each answers lines on
// stdin: {"do":"measure"} with what it takes; the client {"do":"open","links":N} and {"do":"use"}
// with {"done":true}. They end when stdin does.

/** Calls at once for each link of a pool: as many as it takes until each link has carried some. */
const CALLS = 8;
/** Links of one pool. Pools are used one after the other, so that not all links pack at once. */
const LINKS_PER_POOL = 100;

const [role, codec, windowIdle, url] = process.argv.slice(2);
if (codec !== 'none' && codec !== 'deflate' && codec !== 'zstd') {
  throw new Error(`there is no codec ${codec}`);
}
const options: LinkOptions = {
  codecs: [codec],
  limits: {
    windowIdleMs: Number(windowIdle),
    handshakeTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
  },
};
const exchanges = makeExchanges('rest', 1, 512);
const requests = exchanges.map(({ request }) => ({
  head: new RequestHead(request.method, request.path, Fields.from(request.headers)),
  body: request.body ?? undefined,
}));
if (role === 'server') await serve();
else await dial(url ?? '');

async function serve(): Promise<void> {
  const answers = exchanges.map(({ response }) => ({
    head: new ResponseHead(response.status, Fields.from(response.headers)),
    body: response.body ?? undefined,
  }));
  let next = 0;
  const server = createTransportServer((exchange) => {
    const answer = answers[next++ % answers.length];
    if (answer !== undefined) exchange.respond(answer.head, answer.body, undefined);
  }, options);
  print({ url: await server.listen('teleport://127.0.0.1:0') });
  for await (const _line of createInterface({ input: process.stdin })) print(measureMemory());
  process.exit();
}

async function dial(to: string): Promise<void> {
  const pools: Pool[] = [];
  print({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const order: unknown = JSON.parse(line);
    const links = linksOf(order);
    if (links > 0) {
      for (let left = links; left > 0; left -= LINKS_PER_POOL) {
        const pool = createPool([to], { ...options, links: Math.min(left, LINKS_PER_POOL) });
        pools.push(pool);
        await pool.ready();
      }
      print({ done: true });
    } else if (line.includes('use')) {
      for (const pool of pools) await use(pool);
      print({ done: true });
    } else print(measureMemory());
  }
  process.exit();
}

/** Calls until each link of the pool has carried some. */
async function use(pool: Pool): Promise<void> {
  let next = 0;
  const call = async () => {
    const request = requests[next++ % requests.length];
    if (request === undefined) return;
    try {
      await (await pool.call(request)).bytes();
    } catch (error) {
      // On a slow machine the server sheds some; they used their links all the same.
      if (!isTpError(error) || error.code !== 'OVERLOADED') throw error;
    }
  };
  for (let { links } = pool.stats(); links.some((link) => link.requests === 0); ) {
    await Promise.all(Array.from({ length: CALLS * links.length }, call));
    links = pool.stats().links;
  }
}

function linksOf(order: unknown): number {
  return typeof order === 'object' && order !== null && 'links' in order ? Number(order.links) : 0;
}

function print(said: object): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
