import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { collectAll } from '../young-garbage.ts';
import { Overload } from './overload.ts';
import { QuietCollection } from './quiet-collection.ts';
import { createLoadReader, MAX_HEAP_BYTES } from './read-load.ts';

/** How often the load is read, in ms. */
const READ_MS = 1_000;

/**
 * Watches the load of this process for as long as it lives.
 *
 * @param config asked each time, so that limits can change.
 * @returns what knows whether requests are to be turned away.
 */
export function watchLoad(config: () => Config, log: Logger): Overload {
  const overload = new Overload();
  const quiet = new QuietCollection();
  const read = createLoadReader();
  const look = (): void => {
    const { maxLagMs, maxMemoryBytes } = config();
    const before = overload.reason;
    const reading = read();
    overload.take(reading, {
      maxLagMs,
      maxRssBytes: maxMemoryBytes,
      maxHeapBytes: MAX_HEAP_BYTES,
    });
    const { reason } = overload;
    if (reason !== before) tell(log, reason, reading);
    // What is garbage is no reason to turn anybody away.
    if (quiet.isDue(reading) || (reason === 'memoryShed' && reason !== before)) {
      collectAll();
      quiet.done(process.memoryUsage().heapUsed);
    }
  };
  look();
  setInterval(look, READ_MS).unref();
  return overload;
}

function tell(
  log: Logger,
  limit: Overload['reason'],
  { lagMs, rssBytes, heapBytes }: ReturnType<ReturnType<typeof createLoadReader>>,
): void {
  if (limit === undefined) log.info('takes requests again');
  else log.warn({ limit, lagMs: Math.round(lagMs), rssBytes, heapBytes }, 'turns requests away');
}
