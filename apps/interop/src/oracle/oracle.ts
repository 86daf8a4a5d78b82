import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient, createFetch, createServer, fromListener } from '@tp/http';
import { ask, HUNG_MS, type Observation } from './asking.ts';
import type { Plan } from './plan.ts';
import { type Playing, scriptedListener } from './scripted-listener.ts';
import { Stage } from './stage.ts';

/** One exchange as it was seen over HTTP and over tp. */
export interface Compared {
  readonly plan: Plan;
  readonly http: Observation;
  readonly tp: Observation;
}

/** One way from a client to a scripted listener. */
interface Way extends AsyncDisposable {
  readonly fetching: typeof fetch;
  readonly playing: Map<string, Playing>;
}

/** So many exchanges run at a time. */
const AT_A_TIME = 24;

/** Plays every plan over HTTP, with Node's own `fetch`, and over tp. */
export async function compare(plans: readonly Plan[]): Promise<Compared[]> {
  await using http = await overHttp();
  await using tp = await overTp(http.origin);
  const compared: Compared[] = [];
  const left = plans.entries();
  const worker = async () => {
    for (const [i, plan] of left) {
      const [overHttp, overTp] = await Promise.all([
        play(http, http.origin, String(i), plan),
        play(tp, http.origin, String(i), plan),
      ]);
      compared.push({ plan, http: overHttp, tp: overTp });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return compared;
}

async function play(way: Way, origin: string, id: string, plan: Plan): Promise<Observation> {
  const stage = new Stage();
  way.playing.set(id, { plan, stage });
  const seen = await ask(way.fetching, origin, id, plan, stage);
  way.playing.delete(id);
  return seen;
}

async function overHttp(): Promise<Way & { readonly origin: string }> {
  const playing = new Map<string, Playing>();
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, scriptedListener(playing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${portOf(server.address())}`,
    fetching: fetch,
    playing,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function overTp(origin: string): Promise<Way> {
  const playing = new Map<string, Playing>();
  const server = createServer(fromListener(scriptedListener(playing)), {
    onError: () => {},
    // A machine that is busy with other tests is no server that turns requests away.
    limits: { maxHandlerWaitMs: HUNG_MS },
  });
  const client = createClient(await server.listen('teleport://127.0.0.1:0'));
  await client.ready();
  return {
    fetching: createFetch(client, { baseUrl: origin }),
    playing,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
