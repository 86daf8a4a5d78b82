import { readFileSync } from 'node:fs';
import type { GroupConfig } from './config.ts';

/** What has a number of connections, which may have been left open. */
export type Unshared<Listener extends { readonly maxConnections: number }> = Omit<
  Listener,
  'maxConnections'
> & { readonly maxConnections: number | undefined };

/** Files that a process may open, and how many it will at most. */
export interface Descriptors {
  /** Undefined where the system does not say. */
  readonly allowed: number | undefined;
  /** All connections that the configuration lets stand at once, and what the process needs by itself. */
  readonly needed: number;
}

/** For the program itself, its log, admin pages, names and files that are read again. */
const OWN = 64;
/** Where nobody says what is allowed. */
const UNKNOWN = 10_000;

/**
 * Gives listeners that do not say how many connections they take equal shares of what is left: nine
 * tenths of the files that a process may open, less what others take and what goes out, but at least
 * half of it for those that come in. So it is not the system that refuses, which would refuse anything.
 */
export function shareConnections<Listener extends { readonly maxConnections: number }>(
  listeners: readonly Unshared<Listener>[],
  groups: readonly GroupConfig[],
  allowed: number | undefined,
): (Unshared<Listener> & { readonly maxConnections: number })[] {
  const most = allowed === undefined ? UNKNOWN : Math.floor(Math.min(allowed * 0.9, allowed - OWN));
  const out = Math.min(outgoing(groups), most / 2);
  const taken = listeners.reduce((sum, { maxConnections = 0 }) => sum + maxConnections, 0);
  const open = listeners.filter(({ maxConnections }) => maxConnections === undefined).length;
  const share = Math.max(1, Math.floor((most - out - taken) / open));
  return listeners.map((listener) => ({
    ...listener,
    maxConnections: listener.maxConnections ?? share,
  }));
}

/** What a configuration needs, beside what there is. */
export function descriptorsOf(
  listeners: readonly { readonly maxConnections: number }[],
  groups: readonly GroupConfig[],
  allowed: number | undefined,
): Descriptors {
  const incoming = listeners.reduce((sum, { maxConnections }) => sum + maxConnections, 0);
  return { allowed, needed: incoming + outgoing(groups) + OWN };
}

/** How many files this process may open (the soft limit); undefined where the system does not say. */
export function allowedDescriptors(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line === null ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}

/** Connections to all members; of links twice as many, as new ones stand before old ones end. */
function outgoing(groups: readonly GroupConfig[]): number {
  return groups.reduce((sum, { members, connections, links }) => {
    const each = members.map(({ address }) =>
      address.kind.startsWith('http') ? connections : 2 * links,
    );
    return sum + each.reduce((all, one) => all + one, 0);
  }, 0);
}
