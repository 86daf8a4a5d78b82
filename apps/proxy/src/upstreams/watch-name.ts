import { isIPv4 } from 'node:net';
import type { Resolver } from '@tp/transport';

/**
 * Finds out what a host name stands for, again and again. Where there are addresses of both kinds,
 * those of IPv4 count: the others are mostly the same machines.
 *
 * @param intervalMs how often, by +-25 %.
 * @param found is told of the addresses, sorted, when they differ from those before. A name that
 *   cannot be resolved keeps those that it had.
 * @returns ends it.
 */
export function watchName(
  host: string,
  resolver: Resolver,
  intervalMs: number,
  found: (addresses: readonly string[]) => void,
): () => void {
  let known = '';
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    const addresses = ofOneKind(await resolver.addresses(host).catch(() => []));
    if (isOver) return;
    if (addresses.length > 0 && addresses.join() !== known) {
      known = addresses.join();
      found(addresses);
    }
    timer = setTimeout(() => void round(), intervalMs * (0.75 + Math.random() / 2)).unref();
  };
  void round();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

function ofOneKind(addresses: readonly string[]): string[] {
  const four = addresses.filter(isIPv4);
  return [...new Set(four.length > 0 ? four : addresses)].toSorted();
}
