import { afterEach, expect } from 'vitest';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import type { LinkLimits } from '../limits.ts';
import type { Pool } from '../pool/pool.ts';
import { get, OK, pool, type Serving, serve } from './ends.ts';
import { FakeClock } from './fake-clock.ts';

/** From now on, a test during which something is thrown out of the process fails. */
export function watchProcess(): void {
  const thrown: unknown[] = [];
  process.on('uncaughtExceptionMonitor', (error) => thrown.push(error));
  afterEach(() => expect(thrown).toEqual([]));
}

export interface Victim extends Serving {
  readonly clock: FakeClock;
  readonly neighbour: Pool;
  readonly handled: ServerExchange[];
}

/** A server with a well-behaved neighbour on another link. */
export async function victim(limits: Partial<LinkLimits> = {}): Promise<Victim> {
  const clock = new FakeClock();
  const handled: ServerExchange[] = [];
  const serving = await serve(
    (exchange) => {
      handled.push(exchange);
      if (exchange.path === '/neighbour') exchange.respond(OK, undefined, undefined);
    },
    { clock, limits },
  );
  const neighbour = pool(serving.url);
  await neighbour.call(get('/neighbour'));
  return { ...serving, clock, neighbour, handled };
}

/** The server still serves others, and has counted what happened. */
export async function unharmed({ server, neighbour }: Victim, limit?: string): Promise<void> {
  expect((await neighbour.call(get('/neighbour'))).status).toBe(200);
  expect(neighbour.stats().limitHits.size).toBe(0);
  expect(server.stats().links).toHaveLength(1);
  if (limit !== undefined) expect([...server.stats().limitHits.keys()]).toContain(limit);
}
