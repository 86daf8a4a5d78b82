import { Agent } from 'node:http';
import { createClient, createServer } from '@tp/http';
import type { CreateApp } from './apps/app.ts';
import { Exchange, type Seen } from './exchange.ts';
import { type Entry, Journal } from './journal.ts';
import { overHttp } from './over-http.ts';
import { overTp } from './over-tp.ts';
import type { Ask, Send } from './send.ts';

/** Everything that both sides observed of one program. */
export interface Observations {
  /** In the order in which they were opened. */
  readonly exchanges: readonly Seen[];
  /** For each, whether it went over a connection that had carried one before; undefined over tp. */
  readonly reused: readonly (boolean | undefined)[];
  readonly app: readonly Entry[];
}

/** What a client program has in hand. */
export interface Talk {
  /** Asks, and reads the response to its end. */
  ask(ask: Ask): Promise<Seen>;
  /** Asks, and leaves reading to the program. */
  open(ask: Ask): Promise<Exchange>;
  /** Asks without waiting for the head: `exchange` can leave before there is one. */
  start(ask: Ask): { readonly exchange: Exchange; readonly opened: Promise<Exchange> };
  /** What the application observes, to wait for. */
  readonly app: Journal;
}

export type Program = (talk: Talk) => Promise<void>;

/** An application that is served one way, to run programs against. */
export interface Site extends AsyncDisposable {
  record(program: Program): Promise<Observations>;
}

/** Serves an application by its own `listen`, over HTTP. */
export async function httpSite(create: CreateApp, files: string): Promise<Site> {
  const journal = new Journal();
  const app = await create({ journal, files });
  const port = await app.listen();
  return {
    async record(program) {
      // An agent for each program: no connection of one is left to the next, idle or broken.
      const agent = new Agent({ keepAlive: true, scheduling: 'lifo' });
      try {
        return await observe(program, overHttp(port, agent), journal);
      } finally {
        agent.destroy();
      }
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}

/** Serves an application over tp. */
export async function tpSite(create: CreateApp, files: string): Promise<Site> {
  const journal = new Journal();
  const app = await create({ journal, files });
  const served = await app.overTp();
  const server =
    typeof served === 'string' ? undefined : createServer(served, { onError: () => {} });
  const address = (await server?.listen('teleport://127.0.0.1:0')) ?? String(served);
  const client = createClient(address);
  return {
    record: (program) => observe(program, overTp(client), journal),
    async [Symbol.asyncDispose]() {
      await client.close();
      await server?.close();
      await app.close();
    },
  };
}

async function observe(program: Program, send: Send, app: Journal): Promise<Observations> {
  app.take();
  const exchanges: Exchange[] = [];
  const start: Talk['start'] = (ask) => {
    const exchange = new Exchange();
    exchanges.push(exchange);
    return { exchange, opened: exchange.open(send, ask) };
  };
  await program({
    app,
    start,
    open: (ask) => start(ask).opened,
    ask: async (ask) => (await start(ask).opened).rest(),
  });
  return {
    exchanges: exchanges.map(({ seen }) => seen),
    reused: exchanges.map(({ reused }) => reused),
    app: app.take(),
  };
}
