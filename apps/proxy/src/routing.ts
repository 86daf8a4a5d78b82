import type { RouteConfig } from './config/config.ts';

/** Finds where a request goes by its Host and path. */
export interface Routing<Target> {
  /**
   * A host that is named exactly goes before the longest `*.` that covers it, that before routes for
   * all hosts; among those of one host the longest path wins. What the routes of a host do not take
   * goes on to the next.
   *
   * @param host the value of the Host field; undefined when there is none.
   * @param path the request target.
   */
  find(host: string | undefined, path: string): Target | undefined;
}

interface Prefix<Target> {
  readonly path: string;
  readonly target: Target;
}

/** Makes a table of routes. */
export function createRouting<Target, Route extends Pick<RouteConfig, 'host' | 'path'>>(
  routes: readonly Route[],
  targetOf: (route: Route) => Target,
): Routing<Target> {
  const exact = new Map<string, Prefix<Target>[]>();
  const wild = new Map<string, Prefix<Target>[]>();
  const all: Prefix<Target>[] = [];
  for (const route of routes) {
    const { host, path } = route;
    const prefix = { path, target: targetOf(route) };
    if (host === undefined) all.push(prefix);
    else if (host.startsWith('*.')) listIn(wild, host.slice(2)).push(prefix);
    else listIn(exact, host).push(prefix);
  }
  for (const list of [...exact.values(), ...wild.values(), all]) {
    list.sort((one, other) => other.path.length - one.path.length);
  }
  const only = exact.size === 0 && wild.size === 0 && all.length === 1 ? all[0] : undefined;
  const takesAll = only?.path === '/' ? only.target : undefined;

  const byHost = (host: string, path: string): Target | undefined => {
    const found = longest(exact.get(host), path);
    if (found !== undefined || wild.size === 0) return found;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const covered = longest(wild.get(host.slice(dot + 1)), path);
      if (covered !== undefined) return covered;
    }
    return undefined;
  };

  return {
    find(host, path) {
      if (takesAll !== undefined) return takesAll;
      const name = host === undefined ? '' : hostName(host);
      return byHost(name, path) ?? longest(all, path);
    },
  };
}

function listIn<Target>(lists: Map<string, Prefix<Target>[]>, name: string): Prefix<Target>[] {
  const list = lists.get(name) ?? [];
  lists.set(name, list);
  return list;
}

function longest<Target>(
  prefixes: readonly Prefix<Target>[] | undefined,
  path: string,
): Target | undefined {
  return prefixes?.find((prefix) => covers(prefix.path, path))?.target;
}

/** Whole segments alone: `/a` covers `/a`, `/a/b` and `/a?b`, and not `/ab`. `*` is covered by `/`. */
function covers(prefix: string, path: string): boolean {
  if (prefix === '/') return true;
  if (!path.startsWith(prefix)) return false;
  if (prefix.endsWith('/') || path.length === prefix.length) return true;
  const next = path[prefix.length];
  return next === '/' || next === '?';
}

/** Without port and the dot of the root, in lower case. */
function hostName(host: string): string {
  const port = /:\d*$/.exec(host);
  const name = port === null ? host : host.slice(0, port.index);
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
}
