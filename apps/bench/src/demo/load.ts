import type { Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import type { Exchange } from '../traffic/exchange.ts';
import { Latencies } from './latencies.ts';

/** How many keep-alive connections send, one request after the other. */
const CONNECTIONS = 32;
const REQUEST_TIMEOUT_MS = 10_000;

/** A client of many keep-alive connections that sends exchanges and compares every answer, byte for byte. */
export class Load {
  requests = 0;
  errors = 0;
  /** What the first error said. */
  firstError: string | undefined;
  readonly latencies = new Latencies();
  private readonly clients: Client[];
  private readonly sockets = new Set<Socket>();
  private readonly exchanges: readonly Exchange[];
  private next = 0;
  private stopped = false;

  constructor(entrance: string, exchanges: readonly Exchange[]) {
    this.exchanges = exchanges;
    const connect = this.makeConnector();
    this.clients = Array.from(
      { length: CONNECTIONS },
      () =>
        new Client(entrance, {
          connect,
          headersTimeout: REQUEST_TIMEOUT_MS,
          bodyTimeout: REQUEST_TIMEOUT_MS,
        }),
    );
  }

  /** Sends until `stop`; resolves when the last answers are there. */
  async run(): Promise<void> {
    await Promise.all(this.clients.map((client) => this.keepSending(client)));
  }

  /** Lets requests under way finish and sends no more. */
  stop(): void {
    this.stopped = true;
  }

  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.destroy()));
  }

  /** Bytes of HTTP that the connections sent and received, as their sockets count them. */
  get httpBytes(): number {
    let bytes = 0;
    for (const socket of this.sockets) bytes += socket.bytesRead + socket.bytesWritten;
    return bytes;
  }

  private async keepSending(client: Client): Promise<void> {
    while (!this.stopped) {
      const exchange = this.exchanges[this.next++ % this.exchanges.length];
      if (exchange === undefined) return;
      const startedMs = performance.now();
      try {
        await send(client, exchange);
        this.requests += 1;
        this.latencies.add(performance.now() - startedMs);
      } catch (error) {
        this.errors += 1;
        this.firstError ??= describeFailure(error, exchange);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  private makeConnector(): buildConnector.connector {
    const connect = buildConnector({});
    return (options, callback) =>
      connect(options, (...outcome) => {
        if (outcome[1] !== null) this.sockets.add(outcome[1]);
        callback(...outcome);
      });
  }
}

async function send(client: Client, { request, response: due }: Exchange): Promise<void> {
  const answer = await client.request({
    method: request.method,
    path: request.path,
    headers: [...request.headers],
    body: request.body,
  });
  const body = await answer.body.bytes();
  if (answer.statusCode !== due.status) {
    throw new Error(`status ${answer.statusCode} came, ${due.status} was due`);
  }
  if (Buffer.compare(body, due.body) !== 0) {
    throw new Error(
      `a body of ${body.length} bytes came that differs from the ${due.body.length} bytes due`,
    );
  }
}

function describeFailure(error: unknown, { request }: Exchange): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${request.method} ${request.path}: ${message}`;
}
