import { dirname, resolve } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ConfigError, flawOf } from './config-error.ts';
import { type ConfigFile, fieldName, type Path, readConfigFile } from './file.ts';
import type { ReadFile } from './read-file.ts';
import { SETTINGS } from './settings.ts';

/** What was said on the command line, in the environment and in the file, put together. */
export interface Sources {
  readonly fields: ReadonlyMap<string, unknown>;
  /** Names the place of a value for messages: a flag, a variable, or file, line and field. */
  where(path: Path): string;
  /** The line of a value in the file; 0 for what stands elsewhere. */
  lineOf(path: Path): number;
  /**
   * The content of a file that a value names: from the folder of whoever named it.
   *
   * @throws {Error} when it cannot be read.
   */
  read(path: Path, named: string): Uint8Array;
}

/** What the command line says. */
export interface CommandLine {
  readonly flags: ReadonlyMap<string, unknown>;
  /** The file that `--config` or `TP_PROXY_CONFIG` names. */
  readonly config: string | undefined;
  readonly help: boolean;
  readonly version: boolean;
}

/** The variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the command line.
 *
 * @throws {ConfigError} for a flag that there is not, or that is given twice.
 */
export function readCommandLine(args: readonly string[], environment: Environment): CommandLine {
  const options: ParseArgsOptionsConfig = {
    config: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  };
  for (const [name, { placeholder }] of SETTINGS) {
    options[name] = { type: placeholder === undefined ? 'boolean' : 'string', multiple: true };
  }
  const flags = new Map<string, unknown>();
  const given = new Map<string, unknown>(Object.entries(parsed(args, options)));
  for (const [name, values] of given) {
    if (!Array.isArray(values)) continue;
    if (name === 'in' || name === 'out') flags.set(name, values.join(','));
    else if (values.length > 1) {
      throw new ConfigError(flawOf(`--${name}`, values, 'to be given once'));
    } else flags.set(name, asValue(name, values[0]));
  }
  const file = given.get('config');
  return {
    flags,
    config: typeof file === 'string' ? file : environment[variable('config')],
    help: given.get('help') === true,
    version: given.get('version') === true,
  };
}

/**
 * Puts together what was said: a flag goes before a variable, a variable before the file. `--in`
 * stands in for all listeners of the file, `--out` for all its groups and routes.
 *
 * @throws {ConfigError} when the file cannot be read.
 */
export function readSources(
  { flags, config }: Pick<CommandLine, 'flags' | 'config'>,
  environment: Environment,
  read: ReadFile,
): Sources {
  const file = config === undefined ? undefined : readConfigFile(config, read);
  const variables = readVariables(environment);
  const fields = new Map(file?.fields);
  for (const [name, value] of [...variables, ...flags]) {
    fields.set(name, value);
    if (name === 'in') fields.delete('listeners');
    if (name === 'out') for (const other of ['groups', 'routes']) fields.delete(other);
  }
  const isOutside = (path: Path): boolean =>
    flags.has(String(path[0])) || variables.has(String(path[0]));
  return {
    fields,
    where(path) {
      const name = String(path[0] ?? '');
      if (flags.has(name)) return `--${name}`;
      if (variables.has(name)) return variable(name);
      return placeIn(file, path);
    },
    lineOf: (path) => (file === undefined || isOutside(path) ? 0 : file.lineOf(path)),
    read: (path, named) =>
      read(file === undefined || isOutside(path) ? named : resolve(dirname(file.path), named)),
  };
}

function placeIn(file: ConfigFile | undefined, path: Path): string {
  return file === undefined ? `--${fieldName(path.slice(0, 1))}` : file.where(path);
}

/*
 * Variables of other names that begin with `TP_PROXY_` are none of ours: Kubernetes sets some for
 * each service, such as `TP_PROXY_PORT` for one that is named tp-proxy.
 */
function readVariables(environment: Environment): Map<string, unknown> {
  const variables = new Map<string, unknown>();
  for (const name of SETTINGS.keys()) {
    const value = environment[variable(name)];
    if (value !== undefined) variables.set(name, asValue(name, value));
  }
  return variables;
}

function variable(name: string): string {
  return `TP_PROXY_${name.toUpperCase().replaceAll('-', '_')}`;
}

function parsed(args: readonly string[], options: ParseArgsOptionsConfig): object {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new ConfigError(`${why}; see tp-proxy --help`);
  }
}

/** A text as a file would have it: a number where it looks like one, true or false for a switch. */
function asValue(name: string, value: unknown): unknown {
  if (typeof value !== 'string' || TEXTS.has(name)) return value;
  if (SETTINGS.get(name)?.placeholder === undefined) {
    return value === 'true' ? true : value === 'false' ? false : value;
  }
  return /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
}

/** Settings that are texts even if all of it is digits. */
const TEXTS: ReadonlySet<string> = new Set(['token', 'tokens']);
