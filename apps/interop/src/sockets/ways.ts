import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createServer, fromListener } from '@tp/http';
import type { Echo } from './program.ts';

/** A way from a client of HTTP to an echo server. */
export interface Way extends AsyncDisposable {
  /** Where the client connects. */
  readonly address: string;
}

/** The built proxy. */
const PROXY = fileURLToPath(new URL('../../../proxy/dist/main.js', import.meta.url));

/** The client's connection ends at the server's. */
export async function direct(echo: Echo): Promise<Way> {
  const server = http.createServer();
  server.on('upgrade', (request, socket, head) => {
    echo.sockets.handleUpgrade(request, socket, head, (open) => {
      echo.sockets.emit('connection', open, request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    address: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      for (const open of echo.sockets.clients) open.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Through two proxies, each a process, and the link between them. */
export async function throughAPair(echo: Echo): Promise<Way> {
  const origin = await direct(echo);
  const far = await proxy('teleport://127.0.0.1:0', origin.address);
  const near = await proxy('http://127.0.0.1:0', far.address);
  return {
    address: near.address,
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
      await origin[Symbol.asyncDispose]();
    },
  };
}

/** Through one proxy, and a link to the server itself: it serves a listener for upgrades. */
export async function overAListener(echo: Echo): Promise<Way> {
  const handler = fromListener((_request, response) => response.end(), {
    upgrade: (request, socket, head) => {
      echo.sockets.handleUpgrade(request, socket, head, (open) => {
        echo.sockets.emit('connection', open, request);
      });
    },
  });
  const server = createServer(handler, { drainTimeoutMs: 0 });
  const near = await proxy('http://127.0.0.1:0', await server.listen('teleport://127.0.0.1:0'));
  return {
    address: near.address,
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

async function proxy(from: string, to: string): Promise<Way> {
  const args = [PROXY, '--in', from, '--out', to];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const [line] = await Promise.race([once(lines, 'line'), exited]);
  const { in: bound = [] }: { in?: string[] } = JSON.parse(String(line));
  return {
    address: bound[0] ?? '',
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
