import type { Socket } from 'node:net';
import { createClient } from '@tp/http';
import { requestHttp1 } from '@tp/savings';
import { Pool } from 'undici';
import { TRAFFIC_SEED } from '../measure/case.ts';
import { inRound } from '../peers/answers.ts';
import { callRequest, prepare, watched } from '../peers/undici.ts';
import { checkAnswer, prepareExchange } from '../systems/tp.ts';
import { makeExchanges } from '../traffic/kinds.ts';
import { GOODPUT_EXCHANGES, GOODPUT_PORTS, parseWay, type Way } from './goodput-ports.ts';
import { listen, say } from './part.ts';
import { pause } from './pause.ts';
import { figure, type Said } from './said.ts';

// Many callers before a slow link: `goodput-client.js HOST`. Told to "run" a way for some ms, after
// some ms in which it settles, it says how many requests were answered, and their HTTP bytes.
const [host = ''] = process.argv.slice(2);
/** Calls under way at once: as tp has them, and as HTTP/1.1 has connections. */
const CALLERS = 512;
const CONNECTIONS = 64;

/** Something that makes one call. */
interface Open {
  /** Resolves with the HTTP bytes of the request that was answered. */
  call(): Promise<number>;
  readonly callers: number;
  /** Bytes that were sent on its sockets so far. */
  sent(): number;
}

const exchanges = makeExchanges('rtb', TRAFFIC_SEED, GOODPUT_EXCHANGES);
const sizes = exchanges.map(({ request }) => requestHttp1(request).length);
const opened = new Map<Way, Promise<Open>>();

listen((said) => {
  if (said.kind === 'run') void run(said);
});
say({ kind: 'started' });

async function run(said: Said): Promise<void> {
  const way = parseWay(said.text);
  const opening = opened.get(way) ?? open(way);
  opened.set(way, opening);
  const { call, callers, sent } = await opening;
  const counted = { requests: 0, bytes: 0 };
  let stopped = false;
  const calling = Array.from({ length: callers }, async () => {
    while (!stopped) {
      const bytes = await call();
      counted.bytes += bytes;
      counted.requests += 1;
    }
  });
  const all = Promise.all(calling);
  await Promise.race([all, pause(figure(said, 'settleMs'))]);
  const before = { ...counted, sent: sent() };
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  await Promise.race([all, pause(figure(said, 'ms'))]);
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const requests = counted.requests - before.requests;
  const bytes = counted.bytes - before.bytes;
  const wireBytes = sent() - before.sent;
  stopped = true;
  await all;
  say({ kind: 'ran', figures: { requests, bytes, wireBytes, seconds, cpuUs: user + system } });
}

async function open(way: Way): Promise<Open> {
  const port = GOODPUT_PORTS.get(way);
  const index = inRound(sizes.map((_, i) => i));
  if (way === 'http1') {
    const sockets = new Set<Socket>();
    const pool = new Pool(`http://${host}:${port}`, {
      connections: CONNECTIONS,
      pipelining: 1,
      connect: watched(sockets),
    });
    const prepared = exchanges.map(prepare);
    return {
      callers: CONNECTIONS,
      sent: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
      call: async () => {
        const i = index();
        const one = prepared[i];
        if (one !== undefined) await callRequest(pool, one);
        return sizes[i] ?? 0;
      },
    };
  }
  const client = createClient(`teleport://${host}:${port}`, { codecs: [way], insecure: true });
  await client.ready();
  const prepared = exchanges.map(prepareExchange);
  return {
    callers: CALLERS,
    sent: () => client.stats().wireBytesOut,
    call: async () => {
      const i = index();
      const one = prepared[i];
      if (one !== undefined) await checkAnswer(await client.request(one.options), one);
      return sizes[i] ?? 0;
    },
  };
}
