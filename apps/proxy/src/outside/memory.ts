import { existsSync, readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';

/** Whether the memory of another process can be read here (Linux). */
export const canSeeMemory: boolean = existsSync('/proc/self/status');

/** How much memory processes took while something ran. */
export interface MemoryWatch {
  /** By how many MiB each process grew at most, in the order of their ids. */
  growth(): number[];
}

/** Notes what processes hold now, and looks at them often until `growth` is asked for. */
export function watchMemory(pids: readonly number[]): MemoryWatch {
  const before = pids.map((pid) => field(pid, 'VmRSS'));
  const highest = [...before];
  const peakBefore = pids.map((pid) => field(pid, 'VmHWM'));
  const look = (): void => {
    for (const [index, pid] of pids.entries()) {
      highest[index] = Math.max(highest[index] ?? 0, field(pid, 'VmRSS'));
    }
  };
  const timer = setInterval(look, 10);
  onTestFinished(() => clearInterval(timer));
  return {
    growth: () => {
      clearInterval(timer);
      look();
      return pids.map((pid, index) => {
        // What the kernel saw between two looks; useless where the start was higher than all of it.
        const peak = field(pid, 'VmHWM');
        const top = peak > (peakBefore[index] ?? 0) ? peak : (highest[index] ?? 0);
        return top - (before[index] ?? 0);
      });
    },
  };
}

function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
}
