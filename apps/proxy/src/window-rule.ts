import type { Request, RequestOptions } from '@tp/http';
import type { RouteConfig } from './config/config.ts';

/** The compression window of a link that a message goes through. */
export type WindowChoice = NonNullable<RequestOptions['window']>;

/** Says which one is for a request and its response; undefined for that which all share. */
export type WindowRule = (request: Request) => WindowChoice | undefined;

/** A request that tells the connections of a listener apart, whatever their addresses say. */
export interface OnConnection {
  readonly connection: string;
}

/** Makes the rule of a route. What is isolated by different routes never meets. */
export function createWindowRule({ host, path, window, windowBy }: RouteConfig): WindowRule {
  if (window === 'shared') return () => undefined;
  if (window === 'off') return () => 'off';
  const route = `${host ?? ''}${path}`;
  if (windowBy === undefined) {
    const own: WindowChoice = { isolated: route };
    return () => own;
  }
  const part = windowBy === CONNECTION ? connectionOf : fieldOf(windowBy);
  return (request) => ({ isolated: `${route} ${part(request)}` });
}

/** What `window-by` says for a window for each connection that requests come in by. */
export const CONNECTION = 'connection';

function connectionOf(request: Request): string {
  if ('connection' in request && typeof request.connection === 'string') return request.connection;
  return request.peer ?? '';
}

/** Without the field, a request goes through the window of all those without it. */
function fieldOf(name: string): (request: Request) => string {
  return ({ headers }) => headers.getAll(name).join(', ');
}
