import { readFileSync } from 'node:fs';

/**
 * How many links a process may have by itself: what it may open (`ulimit -n`) less a tenth, which is
 * for files, dials and the accepting itself. `Infinity` where the system does not say.
 */
export function mostLinks(): number {
  let limits: string;
  try {
    limits = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Math.floor(Number(soft) * 0.9);
}
