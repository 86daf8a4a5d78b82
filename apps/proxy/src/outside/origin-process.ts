import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { AtEnd } from '../test/proxy-process.ts';

const PROGRAM = fileURLToPath(new URL('origin.ts', import.meta.url));

/** Starts `origin.ts` as a process of its own, and resolves with its address. */
export async function startOrigin(atEnd: AtEnd = onTestFinished): Promise<string> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(() => void child.kill('SIGKILL'));
  const [address] = await once(createInterface(child.stdout), 'line');
  return String(address);
}
