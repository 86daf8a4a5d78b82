import { createServer } from 'node:net';

/** Below what systems hand out to connections that ask for any port. */
const LOWEST = 20_000;
const PORTS = 12_768;
const ATTEMPTS = 20;

/**
 * Finds a port that several processes can be told to listen at. The system's own choice (port 0)
 * would be another one for each, and could go to somebody else before they are there.
 *
 * @throws {Error} when the host cannot be bound at all.
 */
export async function freePort(host: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * PORTS);
    try {
      await tryPort(host, port);
      return port;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

function tryPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port }, () => server.close(() => resolve()));
  });
}
