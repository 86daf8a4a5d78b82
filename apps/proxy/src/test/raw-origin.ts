import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** An origin that sends scripted bytes, and keeps what it got. */
export interface RawOrigin {
  readonly port: number;
  readonly address: string;
  /** Everything that arrived, one text (latin1) for each connection. */
  readonly received: string[];
  readonly connections: number;
  /** Resolves when what a connection received satisfies a condition; connection 0 is the first. */
  got(condition: (text: string) => boolean, connection?: number): Promise<string>;
  /** Cuts all connections off. */
  cut(): void;
  /** Resolves when a connection is closed, by whichever side. */
  closed(connection?: number): Promise<void>;
}

/** What an origin does with a connection: called for each piece, with all that came so far. */
export type Script = (socket: net.Socket, received: string, turn: number) => void;

/** Starts an origin that ends with the test. */
export async function rawOrigin(script: Script): Promise<RawOrigin> {
  const received: string[] = [];
  const sockets: net.Socket[] = [];
  let wake: (() => void)[] = [];
  const server = net.createServer((socket) => {
    const turn = received.push('') - 1;
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('close', notify);
    socket.on('data', (bytes) => {
      received[turn] += bytes.toString('latin1');
      script(socket, received[turn] ?? '', turn);
      notify();
    });
  });
  function notify(): void {
    const woken = wake;
    wake = [];
    for (const one of woken) one();
  }
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        wake.push(resolve);
      });
    }
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    port,
    address: `http://127.0.0.1:${port}`,
    received,
    get connections() {
      return sockets.length;
    },
    got: async (condition, connection = 0) => {
      await until(() => condition(received[connection] ?? ''));
      return received[connection] ?? '';
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    closed: (connection = 0) => until(() => sockets[connection]?.destroyed === true),
  };
}

/** Answers every complete request without a body, or with one of declared length, in the same way. */
export function always(answer: string): Script {
  let answered = 0;
  const perConnection = new WeakMap<net.Socket, number>();
  return (socket, received) => {
    const seen = perConnection.get(socket) ?? 0;
    const complete = countComplete(received);
    perConnection.set(socket, complete);
    for (let i = seen; i < complete; i++) {
      answered += 1;
      socket.write(answer.replaceAll('{n}', `${answered}`), 'latin1');
    }
  };
}

function countComplete(received: string): number {
  let count = 0;
  let at = 0;
  for (;;) {
    const end = received.indexOf('\r\n\r\n', at);
    if (end < 0) return count;
    const head = received.slice(at, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    if (/^transfer-encoding:/im.test(head)) {
      const last = received.indexOf('0\r\n\r\n', end);
      if (last < 0) return count;
      at = last + 5;
    } else {
      if (received.length < end + 4 + length) return count;
      at = end + 4 + length;
    }
    count += 1;
  }
}
