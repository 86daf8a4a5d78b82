import { once } from 'node:events';
import http from 'node:http';

/** How one request of a load ended. */
export interface Outcome {
  readonly id: string;
  /** Undefined when no head came. */
  readonly status: number | undefined;
  /** Whether status 200 brought the body that belongs to this id. */
  readonly isRight: boolean;
  /** Why there is no whole answer. */
  readonly error: string | undefined;
  /** Whether it went over a connection that had served before. */
  readonly isReused: boolean;
}

/** Clients that send `GET /id/…` one after the other, each on a kept connection. */
export interface Load {
  /** Everything that has ended so far. */
  readonly outcomes: readonly Outcome[];
  /** Resolves when so many more have ended. */
  more(count: number): Promise<void>;
  /** Lets each client end its request, and resolves with all outcomes. */
  stop(): Promise<readonly Outcome[]>;
}

/** Starts a load on a proxy in front of `origin.ts`. No client stops for an error. */
export function startLoad(address: string, clients: number, prefix: string): Load {
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  const outcomes: Outcome[] = [];
  let isStopped = false;
  let next = 0;
  let wake = (): void => undefined;
  const client = async (): Promise<void> => {
    while (!isStopped) {
      const outcome = await send(address, agent, `${prefix}${next++}`);
      outcomes.push(outcome);
      wake();
      // A refused connection fails at once: leave the processor to those who are to come back.
      if (outcome.status !== 200) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const running = Promise.all(Array.from({ length: clients }, client));
  return {
    outcomes,
    more: async (count) => {
      const enough = outcomes.length + count;
      while (outcomes.length < enough) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    stop: async () => {
      isStopped = true;
      await running;
      agent.destroy();
      return outcomes;
    },
  };
}

async function send(address: string, agent: http.Agent, id: string): Promise<Outcome> {
  const request = http.get(`${address}/id/${id}`, { agent });
  let status: number | undefined;
  const outcome = (isRight: boolean, error?: unknown): Outcome => ({
    ...{ id, status, isRight, isReused: request.reusedSocket },
    error:
      error instanceof Error ? ('code' in error ? String(error.code) : error.message) : undefined,
  });
  try {
    const [response]: http.IncomingMessage[] = await once(request, 'response');
    if (response === undefined) return outcome(false);
    status = response.statusCode;
    const body = (await response.toArray()).join('');
    return outcome(body === `answer to ${id}`);
  } catch (error) {
    return outcome(false, error);
  }
}
