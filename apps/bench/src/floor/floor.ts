import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Tally } from '../measure/tally.ts';
import type { System } from '../systems/system.ts';
import { GET_EXCHANGE } from '../traffic/get.ts';
import { FrameReader, FrameWriter } from './frames.ts';

const QUESTION = Buffer.from(
  `${GET_EXCHANGE.request.path}${GET_EXCHANGE.request.headers[1] ?? ''}`,
);
const ANSWER = GET_EXCHANGE.response.body;

/**
 * The floor: frames of length, id and payload through one TCP socket, echoed with a fixed answer, the
 * writes of an event-loop turn sent as one. No heads, no protobuf, no deadlines, no compression.
 * What an RPC in JavaScript over one socket costs when it does nothing at all.
 */
export async function openFloor(): Promise<System> {
  const server = createServer({ noDelay: true }, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ port: portOf(server.address()), host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const link = new FloorClient(socket);
  return {
    caller: (tally) => callUntilStopped(link, tally),
    wireBytes: () => socket.bytesRead + socket.bytesWritten,
    close: async () => {
      socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

class FloorClient {
  private readonly writer = new FrameWriter();
  /** By id modulo its length; more callers than that are never measured. */
  private readonly waiting = new Array<((length: number) => void) | undefined>(16_384).fill(
    undefined,
  );
  private readonly socket: Socket;
  private lastId = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader((id, _bytes, start, end) => {
      const slot = id % this.waiting.length;
      const resolve = this.waiting[slot];
      this.waiting[slot] = undefined;
      resolve?.(end - start);
    });
    socket.on('data', (chunk) => reader.push(chunk));
  }

  /** Sends one frame; resolves with the length of its answer. */
  call(payload: Uint8Array): Promise<number> {
    const id = (this.lastId += 1);
    if (this.writer.add(id, payload)) process.nextTick(this.flush);
    return new Promise((resolve) => {
      this.waiting[id % this.waiting.length] = resolve;
    });
  }

  private readonly flush = (): void => {
    this.socket.write(this.writer.take());
  };
}

async function callUntilStopped(link: FloorClient, tally: Tally): Promise<void> {
  while (!tally.stopped) {
    const started = tally.start();
    const length = await link.call(QUESTION);
    if (length !== ANSWER.length) {
      throw new Error(`an answer of ${length} bytes came, ${ANSWER.length} were due`);
    }
    tally.end(started, 0);
  }
}

function serve(socket: Socket): void {
  const writer = new FrameWriter();
  const flush = (): void => {
    socket.write(writer.take());
  };
  const reader = new FrameReader((id) => {
    if (writer.add(id, ANSWER)) process.nextTick(flush);
  });
  socket.on('data', (chunk) => reader.push(chunk));
  socket.on('error', () => socket.destroy());
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
