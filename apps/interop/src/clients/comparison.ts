import { comparable, comparableWord } from './differences.ts';
import type { Origin } from './recorder.ts';
import type { BothWays, Way } from './ways.ts';

/** All that both sides saw of one behaviour, less what may differ. */
export interface Observed {
  readonly client: unknown;
  readonly origin: readonly unknown[];
}

/** Runs one behaviour over HTTP and then over tp. */
export async function runOverBoth(
  both: BothWays,
  origin: Origin,
  behave: (way: Way) => Promise<unknown>,
): Promise<Record<'http' | 'tp', Observed>> {
  const run = async (way: Way): Promise<Observed> => {
    const client = await behave(way).catch(failure);
    const seen = await origin.take();
    return {
      client,
      origin: seen.map((request) => ({
        ...request,
        rawHeaders: comparable(request.rawHeaders, 'request, as the origin sees it'),
      })),
    };
  };
  return { http: await run(both.http), tp: await run(both.tp) };
}

/** What a client tells of a failure: the class, and its code where it has one. */
function failure(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) throw error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const status =
    'statusCode' in error ? error.statusCode : 'status' in error ? error.status : undefined;
  return { failed: comparableWord(error.name), code: comparableWord(code), status };
}
