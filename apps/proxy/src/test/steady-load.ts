import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { listenLocal } from './listen-local.ts';

/** Clients that send one request after the other, and repeat none. */
export interface SteadyLoad {
  readonly served: number;
  /** What was not answered as it should be. */
  readonly failures: readonly string[];
  /**
   * Of these, none: new connections that the system reset before anybody had accepted them, as it does with
   * those that wait when a listening socket closes.
   */
  readonly resets: number;
  /** Fingerprints of the certificates that were shown to new connections, the latest last. */
  readonly certificates: readonly string[];
  /** Resolves when each client has been served so many further times, or one has failed. */
  more(count: number): Promise<void>;
  /** Lets each client end its request. */
  stop(): Promise<void>;
}

/** How the clients call. */
export interface SteadyLoadOptions {
  /** Authorities to trust over HTTPS. */
  readonly ca?: readonly string[];
  /** A certificate to show where one is asked for. */
  readonly own?: { readonly cert: string; readonly key: string };
  /** Default: both. */
  readonly methods?: readonly ('GET' | 'POST')[];
}

/** What one client does again and again. */
interface Habit {
  readonly method: 'GET' | 'POST';
  /** Whether it keeps its connection, as well-behaved clients do: until it is told of its end. */
  readonly keeps: boolean;
}

const HABITS: readonly Habit[] = [
  { method: 'GET', keeps: true },
  { method: 'GET', keeps: true },
  { method: 'GET', keeps: false },
  { method: 'POST', keeps: true },
  { method: 'POST', keeps: true },
  { method: 'POST', keeps: false },
];

/**
 * Starts a load on a proxy in front of `startEchoOrigin`; ends with the test.
 *
 * @param address of HTTP or HTTPS; asked for when a request begins.
 */
export function startSteadyLoad(
  address: () => string,
  { ca, own, methods = ['GET', 'POST'] }: SteadyLoadOptions = {},
): SteadyLoad {
  const state = {
    served: 0,
    resets: 0,
    failures: [] as string[],
    certificates: [] as string[],
  };
  const habits = HABITS.filter(({ method }) => methods.includes(method));
  const counts = habits.map(() => 0);
  const trust = { ...own, ...(ca === undefined ? {} : { ca: [...ca] }) };
  // Each has a connection of its own, which is hardly ever idle.
  const agents = habits.map(
    () =>
      [
        new http.Agent({ keepAlive: true }),
        new https.Agent({ keepAlive: true, ...trust }),
      ] as const,
  );
  let isStopped = false;
  const wake: (() => void)[] = [];

  const call = async ({ method, keeps }: Habit, index: number, turn: number): Promise<void> => {
    const [plain, secure] = keeps ? (agents[index] ?? []) : [];
    const url = new URL(address());
    const isTls = url.protocol === 'https:';
    const text = method === 'POST' ? `${turn} `.repeat(1 + (turn % 300)) : 'ok';
    const common = { method, ...trust };
    const request = isTls
      ? https.request(url, { ...common, agent: secure ?? false })
      : http.request(url, { ...common, agent: plain ?? false });
    request.end(method === 'POST' ? text : undefined);
    const [response]: IncomingMessage[] = await once(request, 'response').catch((error) => {
      throw request.reusedSocket ? error : new NewConnectionError(error);
    });
    if (response === undefined) throw new Error('no response');
    if (isTls && !keeps) note(state.certificates, response);
    const body = (await response.toArray()).join('');
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${body}`);
    if (body !== text) throw new Error(`answered with ${body.length} bytes of another request`);
  };

  const client = async (habit: Habit, index: number): Promise<void> => {
    for (let turn = 0; !isStopped; turn++) {
      try {
        await call(habit, index, turn);
        state.served += 1;
        counts[index] = turn + 1;
      } catch (error) {
        if (error instanceof NewConnectionError && error.isReset) {
          state.resets += 1;
          continue;
        }
        const kind = `${habit.method} ${habit.keeps ? 'kept' : 'new'}`;
        state.failures.push(`${kind}: ${error instanceof Error ? error.message : error}`);
      }
      for (const one of wake.splice(0)) one();
      // Others get their turn: clients are programs of their own.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const clients = habits.map(client);
  const stop = async (): Promise<void> => {
    isStopped = true;
    await Promise.all(clients);
    for (const agent of agents.flat()) agent.destroy();
  };
  onTestFinished(stop);
  return Object.assign(state, {
    stop,
    async more(count: number): Promise<void> {
      const enough = counts.map((sofar) => sofar + count);
      const failed = state.failures.length;
      while (counts.some((sofar, i) => sofar < (enough[i] ?? 0))) {
        if (state.failures.length > failed) return;
        await new Promise<void>((resolve) => {
          wake.push(resolve);
        });
      }
    },
  });
}

/** A request had no answer on a connection that had served none before. */
class NewConnectionError extends Error {
  readonly isReset: boolean;

  constructor(cause: unknown) {
    super(`on a new connection: ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.isReset = cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET';
  }
}

function note(certificates: string[], { socket }: IncomingMessage): void {
  const shown = isTls(socket) ? (socket.getPeerX509Certificate()?.fingerprint256 ?? '') : '';
  if (certificates.at(-1) !== shown) certificates.push(shown);
}

function isTls(socket: object): socket is TLSSocket {
  return 'getPeerX509Certificate' in socket;
}

/** An origin that gives bodies back, and `ok` where there is none. */
export interface EchoOrigin {
  readonly address: string;
  /** Answers the requests to `/slow` that it has. */
  release(): void;
  /** Resolves when it has a request to `/slow`, or one whose body has begun at `/upload`. */
  got(path: '/slow' | '/upload'): Promise<void>;
}

/** Starts it; ends with the test. */
export async function startEchoOrigin(): Promise<EchoOrigin> {
  let held: http.ServerResponse[] = [];
  const arrived = new Map<string, number>();
  const wake: (() => void)[] = [];
  const arrive = (path: string): void => {
    arrived.set(path, (arrived.get(path) ?? 0) + 1);
    for (const one of wake.splice(0)) one();
  };
  const server = http.createServer(async (request, response) => {
    if (request.url === '/slow') {
      held.push(response);
      arrive('/slow');
      return;
    }
    if (request.url === '/upload') request.once('data', () => arrive('/upload'));
    const body = await request.toArray().catch(() => undefined);
    if (body !== undefined) response.end(body.length === 0 ? 'ok' : Buffer.concat(body));
  });
  const address = await listenLocal(server);
  return {
    address,
    release: () => {
      for (const response of held) response.end('slow');
      held = [];
    },
    async got(path) {
      while ((arrived.get(path) ?? 0) === 0) {
        await new Promise<void>((resolve) => {
          wake.push(resolve);
        });
      }
      arrived.set(path, (arrived.get(path) ?? 0) - 1);
    },
  };
}

/** A response that is long in coming and a streamed upload, which both have begun. */
export interface UnderWay {
  /** Ends both, and resolves with what is wrong about them. */
  finish(): Promise<string[]>;
}

/** Begins them, each on a connection of its own; resolves when the origin has them. */
export async function beginLong(address: string, origin: EchoOrigin): Promise<UnderWay> {
  const slow = http.get(`${address}/slow`, { agent: false });
  const upload = http.request(`${address}/upload`, { agent: false, method: 'POST' });
  const answers = [slow, upload].map(bodyOf);
  upload.write('begin');
  await Promise.all([origin.got('/slow'), origin.got('/upload')]);
  return {
    async finish() {
      origin.release();
      upload.end('nings');
      const found = await Promise.all(answers);
      return ['slow', 'beginnings'].flatMap((expected, i) =>
        found[i] === expected ? [] : [`${expected}: ${found[i]}`],
      );
    },
  };
}

async function bodyOf(request: http.ClientRequest): Promise<string> {
  try {
    const [response]: IncomingMessage[] = await once(request, 'response');
    return ((await response?.toArray()) ?? []).join('');
  } catch (error) {
    return String(error);
  }
}
