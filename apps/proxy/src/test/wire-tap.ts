import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** Somebody on the network who sees how much passes on a link. */
export interface WireTap {
  /** Where to connect instead. */
  readonly address: string;
  /** Bytes that went to the server, and that came from it. */
  readonly up: number;
  readonly down: number;
  /** Whether these bytes passed as they stand, in either direction. */
  saw(text: string): boolean;
}

/** Starts one in front of a listener of links without TLS; ends with the test. */
export async function startWireTap(address: string): Promise<WireTap> {
  const { hostname, port } = new URL(address);
  const state = { address: '', up: 0, down: 0 };
  const seen: Buffer[] = [];
  const server = net.createServer((client) => {
    const target = net.connect(Number(port), hostname);
    for (const socket of [client, target]) {
      socket.on('error', () => {});
      onTestFinished(() => void socket.destroy());
    }
    client.on('data', (bytes) => {
      state.up += bytes.length;
      seen.push(bytes);
    });
    target.on('data', (bytes) => {
      state.down += bytes.length;
      seen.push(bytes);
    });
    client.pipe(target).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const bound = server.address();
  state.address = `teleport://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  return Object.assign(state, {
    saw: (text: string) => Buffer.concat(seen).includes(text),
  });
}
