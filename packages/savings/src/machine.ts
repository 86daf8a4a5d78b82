import { availableParallelism, cpus, release, totalmem } from 'node:os';

/** What it was measured with. */
export function runtimeText(): string {
  return `Node.js ${process.version}`;
}

/** What it was measured on: processor, cores, memory, system. */
export function machineText(): string {
  const cores = availableParallelism();
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${cores} cores, ${memoryGiB} GiB, ${process.platform} ${release()} ${process.arch}`;
}
