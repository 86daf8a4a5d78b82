import type { GroupConfig, RouteConfig } from './config.ts';
import type { Problems } from './problems.ts';
import type { FileSettings } from './schema.ts';

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
    return only === undefined ? [] : [{ host: undefined, path: '/', group: only.name }];
  }
  const seen = new Set<string>();
  return settings.routes.map(({ host, path = '/', group }, index) => {
    const route = { host: host?.toLowerCase(), path, group };
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
