import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

// Clients that ask once over a connection of their own and then keep it: `idle-clients.js PORT COUNT
// FIRST` prints {"open":N} when all that will be answered were, and lives until its stdin ends. They
// come from the addresses 127.0.0.FIRST and the next three, as one has too few ports.

const [port = '', count = '', first = ''] = process.argv.slice(2);
const ADDRESSES = 4;
const AT_ONCE = 32;
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: idle/1.0\r\nAccept: */*\r\n\r\n';

const kept: Socket[] = [];
let next = 0;
const keep = async (): Promise<void> => {
  while (next < Number(count)) {
    const turn = next++;
    const localAddress = `127.0.0.${Number(first) + (turn % ADDRESSES)}`;
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
    try {
      await once(socket, 'connect');
      socket.write(REQUEST);
      const [answer] = await once(socket, 'data');
      if (String(answer).startsWith('HTTP/1.1 200 ')) kept.push(socket);
      socket.on('error', () => {});
    } catch {
      socket.destroy();
    }
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, keep));
process.stdout.write(`${JSON.stringify({ open: kept.filter(({ closed }) => !closed).length })}\n`);
process.stdin.on('end', () => process.exit()).resume();
