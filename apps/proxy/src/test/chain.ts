import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { readCommand } from '../config/command.ts';
import { type RunningProxy, startProxy } from '../proxy.ts';
import type { Naming } from '../upstreams/group.ts';

/** What stands between client and origin. */
export type ChainKind = 'one proxy' | 'a pair';

/** Every chain that behaviour is tested through: it must not be seen which one it is. */
export const CHAINS: readonly ChainKind[] = ['one proxy', 'a pair'];

/** Running proxies, the near one (where HTTP comes in) first. */
export interface Chain {
  /** Where to send HTTP requests. */
  readonly address: string;
  readonly near: RunningProxy;
  /** The one before the origin; the same as `near` when there is one proxy only. */
  readonly far: RunningProxy;
}

/** Starts proxies in this process that end with the test. `flags` go to each of them. */
export async function startChain(
  kind: ChainKind,
  out: string,
  flags: readonly string[] = [],
): Promise<Chain> {
  if (kind === 'one proxy') {
    const near = await start(['--in', 'http://127.0.0.1:0', '--out', out, ...flags]);
    return { address: boundTo(near), near, far: near };
  }
  const far = await start(['--in', 'teleport://127.0.0.1:0', '--out', out, ...flags]);
  const near = await start(['--in', 'http://127.0.0.1:0', '--out', boundTo(far), ...flags]);
  return { address: boundTo(near), near, far };
}

/** Starts one proxy as the command line would. */
export async function start(args: readonly string[], naming?: Naming): Promise<RunningProxy> {
  const command = readCommand(['--drain-timeout', '0', ...args]);
  if (command.kind !== 'run') throw new Error('the arguments of a test start a proxy');
  const proxy = await startProxy(command.config, pino({ level: 'silent' }), {
    ...(naming === undefined ? {} : { naming }),
  });
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Starts one proxy with the text of a configuration file, in which `$FOLDER` is where it lies. */
export async function startFile(text: string): Promise<RunningProxy> {
  return start(['--config', configFile(text)]);
}

/** Writes a configuration file that goes with the test, and gives its path. */
export function configFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tp-proxy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'tp.yaml');
  writeFileSync(path, text.replaceAll('$FOLDER', folder));
  return path;
}

/** The address of a proxy's first listener. */
export function boundTo(proxy: RunningProxy): string {
  return proxy.listeners[0]?.address ?? '';
}
