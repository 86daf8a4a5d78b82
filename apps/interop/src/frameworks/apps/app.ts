import type { Handler } from '@tp/http';
import type { Journal } from '../journal.ts';

/** The frameworks, by their names. */
export type Framework = 'Express' | 'Koa' | 'Fastify' | 'Hono' | 'Nest';

/** What an application is given. */
export interface AppInit {
  /** Where it says what it sees. */
  readonly journal: Journal;
  /** The folder that it serves under `/static`. */
  readonly files: string;
}

/** An application that has the routes of `README.md`, served in one of the two ways. */
export interface App {
  /** Serves it by the framework's own `listen` on a free port of 127.0.0.1, and says which. */
  listen(): Promise<number>;
  /** What serves it over tp, or the address where it is served already. */
  overTp(): Handler | Promise<Handler | string>;
  close(): Promise<void>;
}

/** Sets an application up, not served yet. */
export type CreateApp = (init: AppInit) => App | Promise<App>;
