import type { GroupConfig, RouteConfig } from './config.ts';
import type { Path } from './file.ts';
import type { Problems } from './problems.ts';
import type { FileSettings, RouteSettings } from './schema.ts';

/** The routes of a configuration; one that takes all, where there is one group and no routes. */
export function resolveRoutes(
  settings: FileSettings,
  groups: readonly GroupConfig[],
  problems: Problems,
): RouteConfig[] {
  const names = new Set(groups.map(({ name }) => name));
  if (settings.routes === undefined) {
    const [only, second] = groups;
    if (second !== undefined) {
      problems.add(['routes'], undefined, 'routes, as there are several groups');
    }
    const window = resolveWindow({}, [], settings, problems);
    return only === undefined ? [] : [{ host: undefined, path: '/', group: only.name, ...window }];
  }
  const seen = new Set<string>();
  return settings.routes.map((own, index) => {
    const { host, path = '/', group } = own;
    const window = resolveWindow(own, ['routes', index], settings, problems);
    const route = { host: host?.toLowerCase(), path, group, ...window };
    if (!names.has(group)) {
      problems.add(['routes', index, 'group'], group, `one of the groups ${[...names].join(', ')}`);
    }
    const key = `${route.host ?? ''} ${path}`;
    if (seen.has(key)) {
      problems.add(['routes', index], { host, path }, 'a host and path that no other route has');
    }
    seen.add(key);
    return route;
  });
}

/** A route with a `window` of its own takes no `window-by` from the general settings. */
function resolveWindow(
  own: Pick<RouteSettings, 'window' | 'window-by'>,
  path: Path,
  settings: FileSettings,
  problems: Problems,
): Pick<RouteConfig, 'window' | 'windowBy'> {
  const from = own.window === undefined && own['window-by'] === undefined ? settings : own;
  const { window = settings.window ?? 'shared', 'window-by': windowBy } = from;
  if (windowBy !== undefined && window !== 'isolated') {
    const place = from === own ? path : [];
    problems.add([...place, 'window-by'], windowBy, 'window: isolated beside it');
  }
  return { window, windowBy: windowBy?.toLowerCase() };
}
