import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AtEnd } from '../test/proxy-process.ts';
import { findProgram } from './tools.ts';

/** A real nginx with a folder of files. */
export interface Nginx {
  readonly address: string;
  /** Its folder, where its logs are. */
  readonly prefix: string;
  /** What lies here is served under its name. */
  readonly root: string;
}

/**
 * Starts nginx with a configuration of our own, in a folder of its own, on a free port.
 *
 * @param servers what stands in its `http`, by its port and folder; files by default.
 */
export async function startNginx(
  atEnd: AtEnd = onTestFinished,
  servers: (port: number, prefix: string) => string = files,
): Promise<Nginx> {
  const prefix = mkdtempSync(join(tmpdir(), 'tp-nginx-'));
  const root = join(prefix, 'root');
  mkdirSync(root, { mode: 0o755 });
  const port = await freePort();
  const config = join(prefix, 'nginx.conf');
  writeFileSync(config, configuration(prefix, servers(port, prefix)));
  const child = spawn(
    findProgram('nginx') ?? 'nginx',
    ['-p', prefix, '-c', config, '-e', join(prefix, 'error.log')],
    { stdio: 'inherit' },
  );
  const exited = once(child, 'exit');
  atEnd(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(prefix, { recursive: true });
  });
  await accepting(port, exited);
  return { address: `http://127.0.0.1:${port}`, prefix, root };
}

/** A port that nobody listens at just now. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

/** Resolves when a program that was just started takes connections at a port. */
export async function accepting(port: number, exited: Promise<unknown>): Promise<void> {
  let isOver = false;
  void exited.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const socket = net.connect(port, '127.0.0.1');
    const stands = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (stands) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`what was to listen at port ${port} did not start`);
}

/** One process, in the foreground, that writes nowhere but into its folder. */
function configuration(prefix: string, servers: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${prefix}/${kind};`)
    .join('\n  ');
  return `daemon off;
master_process off;
pid ${prefix}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary}
  types { text/plain txt; application/json json; }
  default_type application/octet-stream;
  keepalive_requests 1000000;
  client_max_body_size 1g;
  sendfile on;
  ${servers}
}
`;
}

function files(port: number, prefix: string): string {
  return `server {
    listen 127.0.0.1:${port};
    root ${prefix}/root;
    location /zipped/ { alias ${prefix}/root/; gzip on; gzip_types *; gzip_min_length 1; }
    location /cookies/ {
      alias ${prefix}/root/;
      add_header Set-Cookie "a=1; Path=/";
      add_header X-Between 1;
      add_header set-cookie "b=2; Path=/";
      expires 1h;
    }
    location = /empty { return 204; }
    location = /moved { return 301 /elsewhere; }
  }`;
}
