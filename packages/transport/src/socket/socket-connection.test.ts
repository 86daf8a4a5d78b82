import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { noise, sha } from '../test/content.ts';
import { folder } from '../test/ends.ts';
import type { Connection } from './connection.ts';
import { socketConnection } from './socket-connection.ts';

const MIB = 1024 * 1024;

interface Writing {
  readonly connection: Connection;
  /** Reads nothing until it is told to. */
  readonly reader: Socket;
  /** How often the connection had passed on all that was written. */
  drains(): number;
}

async function writing(): Promise<Writing> {
  const path = `${folder()}/socket`;
  const server = createServer({ pauseOnConnect: true });
  server.listen(path);
  await once(server, 'listening');
  const accepted = new Promise<Socket>((resolve) => void server.once('connection', resolve));
  const socket = connect(path);
  await once(socket, 'connect');
  const connection = socketConnection(socket, true);
  const reader = await accepted;
  onTestFinished(() => {
    connection.destroy();
    reader.destroy();
    server.close();
  });
  let drains = 0;
  connection.start({ data: () => {}, drain: () => drains++, close: () => {} });
  return { connection, reader, drains: () => drains };
}

/** All that comes to the reader's end, in small pieces. `each` is called behind each. */
async function readAll(reader: Socket, each: () => void): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of reader) {
    pieces.push(piece);
    await setImmediate();
    each();
  }
  return Buffer.concat(pieces);
}

test('of a large batch it can be seen how much has left, while the rest waits', async () => {
  const { connection, reader, drains } = await writing();
  const large = noise(4 * MIB);
  const small = noise(1_000, 2);
  expect(connection.write(large)).toBe(false);
  expect(connection.write(small)).toBe(false);
  connection.end();
  const seen = new Set<number>();
  const read = await readAll(reader, () => seen.add(connection.bytesOut));
  expect(sha(read)).toBe(sha(Buffer.concat([large, small])));
  expect(seen.size).toBeGreaterThan(10);
  expect(connection.bytesOut).toBe(large.length + small.length);
  expect(drains()).toBe(1);
});

test('what the socket takes at once has left when it was written', async () => {
  const { connection, reader, drains } = await writing();
  const all = Array.from({ length: 3 }, (_, seed) => noise(50_000, seed));
  expect(all.map((bytes) => connection.write(bytes))).toEqual([true, true, true]);
  connection.end();
  expect(sha(await readAll(reader, () => {}))).toBe(sha(Buffer.concat(all)));
  expect(drains()).toBe(0);
});

test('the end of the connection ends what waits', async () => {
  const { connection, reader } = await writing();
  connection.write(noise(8 * MIB));
  connection.write(noise(100));
  connection.destroy();
  expect((await readAll(reader, () => {})).length).toBeLessThan(8 * MIB);
  expect(connection.write(noise(100))).toBe(false);
});
