import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { ADDRESS_FORMS, type Address, isLoopback, parseAddress, parseHostPort } from './address.ts';
import { ConfigError, configError } from './config-error.ts';
import { type ConfigFile, readConfigFile } from './file.ts';
import { SETTINGS, type Settings, settingsSchema } from './settings.ts';

/** Everything that the proxy needs to know, checked. */
export interface Config {
  readonly in: readonly Address[];
  readonly out: readonly Address[];
  readonly admin: { readonly host: string; readonly port: number } | undefined;
  readonly codecs: Settings['codec'];
  readonly batchDelayMs: number;
  /** Undefined leaves it to the client. */
  readonly links: number | undefined;
  readonly timeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly maxConnections: number;
  /** Most connections to one HTTP origin. */
  readonly connections: number;
  /** Whether links may leave this machine in plain text. */
  readonly insecure: boolean;
  /** PEM. */
  readonly tls: { readonly cert?: string; readonly key?: string; readonly ca?: string };
}

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'help' | 'version' };

/**
 * Reads the command line, and the file that it names; what the command line says wins.
 *
 * @throws {ConfigError} in one line: the flag or the file, line and field, what was found and what
 *   is expected.
 */
export function readCommand(args: readonly string[]): Command {
  const flags = readFlags(args);
  if (flags.get('help') === true) return { kind: 'help' };
  if (flags.get('version') === true) return { kind: 'version' };
  const path = flags.get('config');
  const file = typeof path === 'string' ? readConfigFile(path) : undefined;
  flags.delete('config');
  const where: Where = (name, entry) =>
    file !== undefined && !flags.has(name) && file.fields.has(name)
      ? file.where(name, entry)
      : `--${name}`;
  return { kind: 'run', config: toConfig(check(flags, file, where), where) };
}

/** Names the place of a setting, or of one entry of it, for messages. */
type Where = (name: string, entry?: number) => string;

function readFlags(args: readonly string[]): Map<string, unknown> {
  const options: ParseArgsOptionsConfig = {
    config: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  };
  for (const [name, { placeholder }] of SETTINGS) {
    options[name] = { type: placeholder === undefined ? 'boolean' : 'string', multiple: true };
  }
  const flags = new Map<string, unknown>();
  for (const [name, given] of Object.entries(parsed(args, options))) {
    if (!Array.isArray(given)) flags.set(name, given);
    else if (name === 'in' || name === 'out') flags.set(name, given.join(','));
    else if (given.length > 1) throw configError(`--${name}`, given, 'to be given once');
    else flags.set(name, fromText(given[0]));
  }
  return flags;
}

function parsed(args: readonly string[], options: ParseArgsOptionsConfig): object {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    const why = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new ConfigError(`${why}; see tp-proxy --help`);
  }
}

/** A number where it looks like one, as a file would have it. */
function fromText(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
}

function check(
  flags: ReadonlyMap<string, unknown>,
  file: ConfigFile | undefined,
  where: Where,
): Settings {
  const given = new Map([...(file?.fields ?? []), ...flags]);
  const result = settingsSchema.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    const name = issue.keys[0] ?? '';
    throw configError(where(name), name, `one of the fields ${[...SETTINGS.keys()].join(', ')}`);
  }
  const name = String(issue?.path[0] ?? 'in');
  const expected = SETTINGS.get(name)?.expected ?? 'another value';
  const entry = typeof issue?.path[1] === 'number' ? issue.path[1] : undefined;
  throw configError(where(name, entry), offending(given.get(name), entry), expected);
}

/** The one entry of a list that is wrong, where the flaw lies in an entry. */
function offending(value: unknown, index: number | undefined): unknown {
  const list = typeof value === 'string' && index !== undefined ? value.split(',') : value;
  return Array.isArray(list) && index !== undefined ? list[index] : value;
}

function toConfig(settings: Settings, where: Where): Config {
  const ins = toAddresses(settings, 'in', where);
  const config: Config = {
    in: ins,
    out: toAddresses(settings, 'out', where),
    admin: settings.admin === undefined ? undefined : parseHostPort(settings.admin),
    codecs: settings.codec,
    batchDelayMs: settings['batch-delay'],
    links: settings.links,
    timeoutMs: settings.timeout,
    headersTimeoutMs: settings['headers-timeout'],
    drainTimeoutMs: settings['drain-timeout'],
    maxBodyBytes: settings['max-body'],
    maxConnections: settings['max-connections'] ?? defaultMaxConnections(),
    connections: settings.connections,
    insecure: settings.insecure,
    tls: readTls(settings, where),
  };
  const encrypted = ins.find((address) => 'tls' in address && address.tls);
  if (encrypted !== undefined) {
    const needed = `${SETTINGS.get('tls-cert')?.expected}, as ${encrypted.text} needs one`;
    if (config.tls.cert === undefined) throw configError(where('tls-cert'), undefined, needed);
  }
  return config;
}

function toAddresses(settings: Settings, side: 'in' | 'out', where: Where): Address[] {
  return settings[side].map((text, index) => {
    const address = parseAddress(text);
    if (address === undefined) throw configError(where(side), text, ADDRESS_FORMS);
    const plain = address.kind === 'teleport' && !address.tls && !isLoopback(address.host);
    if (plain && !settings.insecure) {
      throw configError(
        where(side, index),
        text,
        'teleports://, as it leaves this machine (or --insecure, for plain text over the network)',
      );
    }
    return address;
  });
}

function readTls(settings: Settings, where: Where): Config['tls'] {
  const cert = readPem('tls-cert', settings['tls-cert'], where);
  const key = readPem('tls-key', settings['tls-key'], where);
  const ca = readPem('tls-ca', settings['tls-ca'], where);
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? 'tls-cert' : 'tls-key';
    throw configError(where(missing), undefined, 'both --tls-cert and --tls-key, or neither');
  }
  const tls = {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(ca === undefined ? {} : { ca }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const name = cert === undefined ? 'tls-ca' : 'tls-cert';
    throw configError(where(name), settings[name], `PEM that can be used (${why})`);
  }
  return tls;
}

function readPem(name: string, path: string | undefined, where: Where): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw configError(where(name), path, 'the path of a PEM file that can be read');
  }
}

/** Nine tenths of the files that this process may open; 10,000 where nobody says. */
function defaultMaxConnections(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line === null ? 10_000 : Math.max(1, Math.floor(Number(line[1]) * 0.9));
  } catch {
    return 10_000;
  }
}
