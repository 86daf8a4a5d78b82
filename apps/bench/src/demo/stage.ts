import { join } from 'node:path';
import { Child } from './child.ts';

/** Everything that the demo starts, standing. */
export interface Stage {
  /** The near proxy's HTTP side: where the load goes, as a URL. */
  readonly entrance: string;
  /** The URL of the near proxy's admin interface. */
  readonly admin: string;
  stop(): Promise<void>;
}

const ORIGIN = join(import.meta.dirname, 'origin.js');
const PROXY = join(import.meta.dirname, '../../../proxy/dist/main.js');

/**
 * Starts the origin, the far proxy in front of it and the near proxy, each in a process of its own on
 * free ports of this machine. All of them are gone when this process is, however it ends.
 */
export async function setStage(onDeath: (why: string) => void): Promise<Stage> {
  const children: Child[] = [];
  const start = (name: string, script: string, args: readonly string[]): Child => {
    const child = new Child(name, script, args, onDeath);
    children.push(child);
    return child;
  };
  process.on('exit', () => {
    for (const child of children) child.kill();
  });
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await child.stop();
  };
  try {
    const origin = await start('the origin', ORIGIN, []).listening();
    const far = await start('the far proxy', PROXY, [
      ...['--in', 'teleport://127.0.0.1:0'],
      ...['--out', origin.address],
    ]).listening();
    const near = await start('the near proxy', PROXY, [
      ...['--in', 'http://127.0.0.1:0'],
      ...['--out', far.address],
      ...['--admin', '127.0.0.1:0'],
    ]).listening();
    if (near.admin === undefined) throw new Error('the near proxy named no admin address');
    return { entrance: near.address, admin: near.admin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
