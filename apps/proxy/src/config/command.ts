import { type Config, readConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { type ReadFile, readFromDisk } from './read-file.ts';
import { type CommandLine, type Environment, readCommandLine } from './sources.ts';

/** What the command line asks for. */
export type Command =
  | {
      readonly kind: 'run';
      readonly config: Config;
      /**
       * Reads the configuration again, as the file is by then.
       *
       * @param read how files are read; from the disk if it is left out.
       * @throws {ConfigError} as `readCommand` does.
       */
      readonly reread: (read?: ReadFile) => Config;
    }
  | { readonly kind: 'check'; readonly file: string }
  /** Where the example goes; standard output when undefined. */
  | { readonly kind: 'init'; readonly file: string | undefined }
  | { readonly kind: 'schema' | 'help' | 'version' };

/**
 * Reads the command line, and the configuration when the proxy is to run with it.
 *
 * @param readFirst how files are read, but for those that are read again.
 * @throws {ConfigError} with a line for each flaw.
 */
export function readCommand(
  args: readonly string[],
  environment: Environment = {},
  readFirst: ReadFile = readFromDisk,
): Command {
  const [first, file, ...more] = args;
  if (first === 'check' || first === 'init') {
    if (more.length > 0)
      throw new ConfigError(`${first}: found ${args.length - 1} files, expected one`);
    if (first === 'init') return { kind: 'init', file };
    if (file === undefined)
      throw new ConfigError('check: found nothing, expected the path of a file');
    return { kind: 'check', file };
  }
  if (first === 'schema') return { kind: 'schema' };
  const commandLine: CommandLine = readCommandLine(args, environment);
  if (commandLine.help) return { kind: 'help' };
  if (commandLine.version) return { kind: 'version' };
  const reread = (read: ReadFile = readFromDisk): Config =>
    readConfig(commandLine, environment, read);
  return { kind: 'run', config: reread(readFirst), reread };
}

/**
 * Checks a file by itself, without flags and environment.
 *
 * @throws {ConfigError} with a line for each flaw.
 */
export function checkFile(file: string): void {
  readConfig({ flags: new Map(), config: file }, {}, readFromDisk);
}
