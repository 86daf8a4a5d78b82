import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MARKUP } from './page/markup.ts';
import { STYLE } from './page/style.ts';

/** The dashboard: one page that needs nothing else but the figures that it reads from `stats.json`. */
export interface Page {
  readonly html: string;
  /** Names and values. The policy allows the page's own script and style, and nothing else to run. */
  readonly fields: readonly string[];
}

/** The modules of its script, each after those that it imports. */
const MODULES = [
  'units.js',
  'history.js',
  'chart.js',
  'table.js',
  'tables.js',
  'tiles.js',
  'verdicts.js',
  'dashboard.js',
];

/** Puts the page together. */
export function dashboardPage(): Page {
  const script = MODULES.map(moduleText).join('\n');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>tp-proxy</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
</head>
<body>${MARKUP}<script type="module">${script}</script>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(STYLE)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const fields = [
    ['Content-Security-Policy', policy],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
  ].flat();
  return { html, fields };
}

const ICON =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 16 16%22%3E' +
  '%3Crect y=%223%22 width=%2216%22 height=%224%22 rx=%221.5%22 fill=%22%232c6bed%22/%3E' +
  '%3Crect y=%229%22 width=%226%22 height=%224%22 rx=%221.5%22 fill=%22%230b9a70%22/%3E%3C/svg%3E';

/** A module as part of one script, where all that is exported can be seen anyway. */
function moduleText(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')
    .replace(/^import [^;]*;\n|^\/\*\* @import .*\n/gm, '')
    .replace(/^export \{\};?\n/gm, '')
    .replace(/^export /gm, '');
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
