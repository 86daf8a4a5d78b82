const endings = new Set<() => void>();
let watching = false;

/**
 * Calls when this process ends, also when it is told to by a signal: for what must not outlive it.
 * What it gives back takes that back.
 */
export function atExit(end: () => void): () => void {
  if (!watching) {
    watching = true;
    process.once('exit', () => {
      for (const each of endings) each();
    });
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(name, () => process.exit(1));
    }
  }
  endings.add(end);
  return () => void endings.delete(end);
}
