import cluster from 'node:cluster';
import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';

/**
 * Clears the way for a unix socket: removes what a process that died left there, and nothing else.
 *
 * @throws {Error} when a live socket, a symbolic link or any other file is in the way.
 */
export async function prepareSocketPath(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket`);
  if (await isLive(path)) {
    // The master listens there for all workers, or will find out that somebody else does.
    if (cluster.isWorker) return;
    throw new Error(`${path} is in use by another process`);
  }
  await unlink(path);
}

function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
