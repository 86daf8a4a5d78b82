import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { accepting, freePort } from './nginx.ts';
import { findProgram } from './tools.ts';

/** A real HAProxy between its port and a server. */
export interface Haproxy {
  readonly address: string;
  /** What it logged of each request: status and target, or `<BADREQ>`. */
  readonly log: string[];
}

/** Where it passes requests on, and how. */
export interface HaproxyOptions {
  /** `HOST:PORT`, and words of its configuration behind that such as `send-proxy`. */
  readonly server: string;
  /** What is said where it listens, such as `accept-proxy`. */
  readonly bind?: string;
  /** Further lines of its front. */
  readonly front?: readonly string[];
}

/** Starts HAProxy on a free port; ends with the test. */
export async function startHaproxy({
  server,
  bind = '',
  front = [],
}: HaproxyOptions): Promise<Haproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'tp-haproxy-'));
  const port = await freePort();
  const path = join(folder, 'haproxy.cfg');
  const lines = [
    ...['global', 'log stdout format raw local0', 'maxconn 4000'],
    ...['defaults', 'mode http', 'log global', 'timeout connect 5s', 'timeout client 30s'],
    ...[
      'timeout server 30s',
      'timeout http-keep-alive 30s',
      'option dontlognull',
      'log-format "%ST %HU"',
    ],
    ...['frontend front', `bind 127.0.0.1:${port} ${bind}`, ...front, 'default_backend back'],
    ...['backend back', `server one ${server}`],
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  const child = spawn(findProgram('haproxy') ?? 'haproxy', ['-db', '-f', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: string[] = [];
  createInterface(child.stdout).on('line', (line) => void log.push(line));
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true });
  });
  await accepting(port, exited);
  return { address: `http://127.0.0.1:${port}`, log };
}
