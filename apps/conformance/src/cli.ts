import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface Options {
  readonly json: string | undefined;
  /** Cases whose rule or name has this in it. */
  readonly pattern: string;
  /** How long the kit waits for what must come, in ms. */
  readonly timeoutMs: number;
  /** The token that the peer asks for, or shows. */
  readonly token: string | undefined;
}

/** What the command line asks for, by its first word. */
export type Command = Options &
  (
    | { readonly command: 'server'; readonly host: string; readonly port: number }
    | { readonly command: 'client'; readonly port: number }
    | { readonly command: 'self' | 'mutants' }
  );

/** What is shown for a command line that cannot be followed. */
export const USAGE = `usage: npm run conformance -- server HOST:PORT [options]   drives a server
       npm run conformance -- client --listen PORT [options]  waits for a client and drives it
       npm run conformance -- self [options]                  drives our own peers and the mutants
       npm run conformance -- mutants [options]               drives peers that we broke on purpose
options: --json FILE      write what was found as JSON
         --case PATTERN   run only the cases (and mutants) whose rule or name has PATTERN in it
         --timeout MS     how long to wait for what must come (default 5000)
         --token TEXT     run the cases for a server that asks for this token, or a client that shows it
What a server and a client must do to be tested is in docs/implementing.md.
`;

const DEFAULT_TIMEOUT = '5000';
const MAX_PORT = 65_535;

/** A command line that cannot be followed; the message says why. */
export class UsageError extends Error {}

/**
 * Reads the command line, without the program's own name.
 *
 * @throws {UsageError} when it says something else than `USAGE`.
 */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  const [command, target, ...more] = positionals;
  const timeoutMs = wholeNumber('--timeout', values.timeout, 2 ** 31 - 1);
  const { json, token } = values;
  const options = { json, pattern: values.case ?? '', timeoutMs, token };
  if (more.length > 0) throw new UsageError(`found ${more.join(' ')} behind what was expected`);
  if (command !== 'client' && command !== 'server' && token !== undefined) {
    throw new UsageError('--token is for server and client alone');
  }
  if (command !== 'client' && values.listen !== undefined) {
    throw new UsageError('--listen is for client alone');
  }
  if (command === 'server') {
    if (target === undefined) throw new UsageError('server needs HOST:PORT');
    return { command, ...parseTarget(target), ...options };
  }
  if (target !== undefined) throw new UsageError(`found ${target} behind what was expected`);
  if (command === 'self' || command === 'mutants') return { command, ...options };
  if (command !== 'client') throw new UsageError(`found ${command ?? 'no command'}`);
  if (values.listen === undefined) throw new UsageError('client needs --listen PORT');
  return { command, port: wholeNumber('--listen', values.listen, MAX_PORT), ...options };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        case: { type: 'string' },
        listen: { type: 'string' },
        timeout: { type: 'string', default: DEFAULT_TIMEOUT },
        token: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseTarget(target: string): { host: string; port: number } {
  const colon = target.lastIndexOf(':');
  const host = target.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw new UsageError(`found ${target}, expected HOST:PORT`);
  return { host, port: wholeNumber('the port', target.slice(colon + 1), MAX_PORT) };
}

function wholeNumber(what: string, text: string, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number <= most) return number;
  throw new UsageError(`found ${what} ${text}, expected a whole number up to ${most}`);
}
