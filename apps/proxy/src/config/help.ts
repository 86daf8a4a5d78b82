import { readFileSync } from 'node:fs';
import { SETTINGS } from './settings.ts';

/** The text of `--help`. */
export function helpText(): string {
  const rows = [...SETTINGS].map(([name, { placeholder, description }]) => [
    placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`,
    description,
  ]);
  rows.push(['--config FILE', 'YAML or JSON with the same names as fields; flags win']);
  rows.push(['--help, --version', 'print this, or the version']);
  const width = Math.max(...rows.map(([flag = '']) => flag.length));
  const lines = rows.map(([flag = '', what = '']) => `  ${flag.padEnd(width)}  ${what}`);
  return `Usage: tp-proxy --in URL --out URL[,URL…]

Passes HTTP on, plain or over compressed links to another tp-proxy.
URL: http://HOST:PORT, https://HOST:PORT, unix:PATH, teleport://HOST:PORT,
teleports://HOST:PORT (TLS) or teleport+unix:PATH, on either side.

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
