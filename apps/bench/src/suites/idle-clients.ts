import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Result } from '../report/report.ts';
import { atExit } from '../trials/at-exit.ts';

const PROXY = fileURLToPath(new URL('../../../proxy/dist/main.js', import.meta.url));
const folder = join(import.meta.dirname, '..', 'memory');
const CLIENTS = join(folder, 'idle-clients.js');
const BARE = join(folder, 'bare-server.js');
/** As many descriptors as the system lets a process have. */
const RAISED = 'ulimit -n "$(ulimit -H -n)"; exec "$0" "$@"';
/** Processes that clients are in, each with addresses of its own. */
const CLIENT_PROCESSES = 4;
const ADDRESSES_EACH = 4;
/** Clients before the first measurement, so that code and caches are not counted. */
const WARM_UP = 200;
/** By then the proxy has collected what a burst left behind: it does when it was quiet for 3 s. */
const REST_MS = 6_000;

/**
 * What a client takes that keeps its connection after one request, in a proxy of two workers, and in a
 * bare server of `node:http`.
 */
export async function idleClients(
  clients: number,
  progress: (text: string) => void,
): Promise<Result[]> {
  progress(`memory: ${clients} idle clients, turn 1, tp-proxy`);
  const proxy = await ofProxy(clients);
  progress(`memory: ${clients} idle clients, turn 2, node:http`);
  const bare = await ofBareServer(Math.min(clients, 10_000));
  return [proxy, bare];
}

async function ofProxy(clients: number): Promise<Result> {
  const origin = http.createServer((_request, response) => void response.end('ok'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const bound = origin.address();
  const out = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  const proxy = new Child(
    [PROXY, '--in', 'http://127.0.0.1:0', '--out', out, '--workers', '2', '--max-lag', '0'],
    [],
  );
  try {
    const { in: [address = ''] = [], workers = [] } = proxyLine(await proxy.line());
    const port = Number(new URL(address).port);
    const held = () => workers.reduce((sum, pid) => sum + residentBytes(pid), 0);
    const bytesPerLink = await perClient(port, clients, held, () => sleep(REST_MS));
    return { system: 'tp', case: `clients/${clients}/2 workers`, codec: 'none', bytesPerLink };
  } finally {
    await proxy.stop();
    origin.closeAllConnections();
    origin.close();
  }
}

async function ofBareServer(clients: number): Promise<Result> {
  const server = new Child([BARE], ['--expose-gc']);
  try {
    const found: unknown = JSON.parse(await server.line());
    const port = typeof found === 'object' && found !== null && 'port' in found ? found.port : 0;
    const held = () => residentBytes(server.pid);
    const bytesPerLink = await perClient(Number(port), clients, held, async () => {
      await server.tell();
    });
    return { system: 'node:http', case: `clients/${clients}`, codec: 'none', bytesPerLink };
  } finally {
    await server.stop();
  }
}

/** What each client adds to what is held. @throws {Error} when some found no place. */
async function perClient(
  port: number,
  clients: number,
  held: () => number,
  rested: () => Promise<void>,
): Promise<number> {
  await openClients(port, WARM_UP, async () => undefined);
  await rested();
  const before = held();
  return openClients(port, clients, async () => {
    await rested();
    return (held() - before) / clients;
  });
}

/** Opens so many, does something, and lets them go. */
async function openClients<Found>(
  port: number,
  clients: number,
  then: () => Promise<Found>,
): Promise<Found> {
  const each = Math.ceil(clients / CLIENT_PROCESSES);
  const children = Array.from({ length: CLIENT_PROCESSES }, (_, turn) => {
    const count = Math.min(each, clients - turn * each);
    return new Child([CLIENTS, String(port), String(count), String(2 + turn * ADDRESSES_EACH)], []);
  });
  try {
    const open = await Promise.all(children.map(async (child) => openIn(await child.line())));
    const all = open.reduce((sum, one) => sum + one, 0);
    if (all !== clients) throw new Error(`${all} of ${clients} clients were served`);
    return await then();
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

/** A process of this runtime that prints lines. */
class Child {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #forget: () => void;

  constructor(args: readonly string[], flags: readonly string[]) {
    const child = spawn('sh', ['-c', RAISED, process.execPath, ...flags, ...args], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#forget = atExit(() => child.kill('SIGTERM'));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws {Error} when it has ended. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`${this.#child.spawnargs.slice(3).join(' ')} has ended`);
    return value;
  }

  tell(): Promise<string> {
    this.#child.stdin?.write('\n');
    return this.line();
  }

  async stop(): Promise<void> {
    this.#forget();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}

function proxyLine(line: string): { in?: string[]; workers?: number[] } {
  return JSON.parse(line);
}

function openIn(line: string): number {
  const found: unknown = JSON.parse(line);
  return typeof found === 'object' && found !== null && 'open' in found ? Number(found.open) : 0;
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
