import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';

/** Says in the log when more connections may stand at once than the system lets a process have. */
export function warnOfLimits(log: Logger, { descriptors }: Config): void {
  const { allowed, needed } = descriptors;
  if (allowed === undefined || needed <= allowed) return;
  log.warn(
    { needed, allowed },
    'more connections are allowed than files may be open: raise ulimit -n (LimitNOFILE), or lower max-connections, connections or links',
  );
}
