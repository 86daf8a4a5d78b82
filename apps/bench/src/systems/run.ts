import type { Sample } from '../measure/sample.ts';
import { Tally } from '../measure/tally.ts';
import type { System } from './system.ts';

/** Keeps `callers` callers busy for `seconds` and waits for their last answers. */
export async function runSystem(system: System, callers: number, seconds: number): Promise<Sample> {
  const tally = new Tally();
  const wireBefore = system.wireBytes();
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const timer = setTimeout(() => {
    tally.stopped = true;
  }, seconds * 1000);
  await Promise.all(Array.from({ length: callers }, () => system.caller(tally)));
  clearTimeout(timer);
  const elapsedNs = (performance.now() - startedMs) * 1e6;
  const cpu = process.cpuUsage(cpuBefore);
  const sample = tally.toSample(elapsedNs, cpu.user + cpu.system);
  const wireAfter = system.wireBytes();
  if (wireBefore === undefined || wireAfter === undefined) return sample;
  return { ...sample, wireBytes: wireAfter - wireBefore };
}
