import { connect, createServer, type Socket } from 'node:net';

/** A relay between a client and a server that can hold back what the server says. */
export interface Relay extends AsyncDisposable {
  readonly address: string;
  /** From now on, what the server says waits. */
  hold(): void;
  /** How many bytes wait. */
  readonly held: number;
  /** What waits goes to the client in one piece. */
  release(): void;
}

/** Starts a relay to `teleport://HOST:PORT`, for one connection. */
export async function relayTo(address: string): Promise<Relay> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  const waiting: Uint8Array[] = [];
  let holding = false;
  let client: Socket | undefined;
  const server = createServer({ noDelay: true }, (socket) => {
    client = socket;
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.pipe(upstream);
    upstream.on('data', (chunk) => {
      if (holding) waiting.push(chunk);
      else socket.write(chunk);
    });
    upstream.on('close', () => socket.destroy());
    for (const one of [socket, upstream]) one.on('error', () => {});
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await listening;
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return {
    address: `teleport://127.0.0.1:${bound.port}`,
    hold() {
      holding = true;
    },
    get held() {
      return waiting.reduce((sum, { length }) => sum + length, 0);
    },
    release() {
      holding = false;
      client?.write(Buffer.concat(waiting));
      waiting.length = 0;
    },
    async [Symbol.asyncDispose]() {
      const { promise: closed, resolve: close } = Promise.withResolvers<void>();
      server.close(() => close());
      client?.destroy();
      await closed;
    },
  };
}
