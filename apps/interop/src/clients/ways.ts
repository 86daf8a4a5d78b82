import { createServer, type RequestListener } from 'node:http';
import type { Agent } from 'node:https';
import {
  createAgent,
  createClient,
  createDispatcher,
  createFetch,
  createServer as createTeleportServer,
  type Dispatcher,
  fromListener,
} from '@tp/http';

/** One of the two ways to a listener: a client that is given all of it goes that way. */
export interface Way {
  readonly name: 'http' | 'tp';
  /** The same for both, so that `Host` is: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Undefined over HTTP, where clients use what they have. */
  readonly agent: Agent | undefined;
  readonly dispatcher: Dispatcher | undefined;
  readonly fetch: typeof globalThis.fetch;
}

/** A listener that is there over plain HTTP and over tp. */
export interface BothWays extends AsyncDisposable {
  readonly http: Way;
  readonly tp: Way;
}

/** Starts one listener behind both. */
export async function openBothWays(listener: RequestListener): Promise<BothWays> {
  const server = createServer(listener);
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  const url = `http://127.0.0.1:${bound.port}`;
  const teleport = createTeleportServer(fromListener(listener), { onError: () => {} });
  const client = createClient(await teleport.listen('teleport://127.0.0.1:0'));
  const agent = createAgent(client);
  return {
    http: { name: 'http', url, agent: undefined, dispatcher: undefined, fetch: globalThis.fetch },
    tp: {
      name: 'tp',
      url,
      agent,
      dispatcher: createDispatcher(client),
      fetch: createFetch(client),
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await client.close();
      await teleport.close();
      server.closeAllConnections();
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      server.close(() => close());
      await closed;
    },
  };
}
