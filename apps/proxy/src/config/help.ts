import { readFileSync } from 'node:fs';
import { SETTINGS } from './settings.ts';

/** The text of `--help`. */
export function helpText(): string {
  const rows = [...SETTINGS].map(([name, { placeholder, description }]) => [
    placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`,
    description,
  ]);
  rows.push(['--config FILE', 'YAML or JSON, with listeners, groups and routes one by one']);
  rows.push(['--help, --version', 'print this, or the version']);
  const width = Math.max(...rows.map(([flag = '']) => flag.length));
  const lines = rows.map(([flag = '', what = '']) => `  ${flag.padEnd(width)}  ${what}`);
  return `Usage: tp-proxy --in URL --out URL[,URL…]
       tp-proxy --config FILE
       tp-proxy init [FILE]    write a commented example of a configuration
       tp-proxy schema         print the JSON Schema of configurations
       tp-proxy check FILE     say all that is wrong with one; exit 0 or 2

Passes HTTP on, plain or over compressed links to another tp-proxy.
URL: http://HOST:PORT, https://HOST:PORT, unix:PATH, teleport://HOST:PORT,
teleports://HOST:PORT (TLS) or teleport+unix:PATH, on either side; --out also
takes teleport+srv://_NAME._PROTO.DOMAIN and teleports+srv://… (DNS).

Each flag is also a field of the file and a variable: --batch-delay is
batch-delay: there, and TP_PROXY_BATCH_DELAY. A flag goes before a variable, a
variable before the file.

${lines.join('\n')}
`;
}

/** The version of this package. */
export function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const found =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : undefined;
  return String(found);
}
