import { once } from 'node:events';
import net from 'node:net';

/** Below those that systems give to whoever asks for port 0, so that nobody gets them by chance. */
const FIRST = 15_000;
const LAST = 31_999;

/** So many different ports of 127.0.0.1 that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  try {
    const listening = once(server, 'listening');
    server.listen(port, '0.0.0.0');
    await listening;
  } catch {
    return false;
  }
  const closed = once(server, 'close');
  server.close();
  await closed;
  return true;
}
