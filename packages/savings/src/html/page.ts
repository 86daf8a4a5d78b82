import { escapeHtml } from './escape-html.ts';
import { STYLE } from './style.ts';

/** A number that people remember. */
export interface Tile {
  readonly value: string;
  readonly text: string;
}

/** A part of a page. */
export interface Section {
  readonly title: string;
  /** What it shows and how it was measured. */
  readonly about: string;
  /** HTML, one piece beside the other. */
  readonly charts: readonly string[];
}

/** What a page is made of. Text is text; `charts` and `tables` are HTML. */
export interface Page {
  readonly title: string;
  readonly lede: string;
  /** What it was measured with and on. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly advice?: string;
  readonly tiles: readonly Tile[];
  readonly sections: readonly Section[];
  readonly tables: readonly string[];
  readonly missing: readonly { readonly system: string; readonly why: string }[];
  /** The command that makes it again. */
  readonly command: string;
  /** Other pages, the one that is shown without a link. */
  readonly links?: readonly PageLink[];
  /** After so many seconds it is fetched again. Default: never. */
  readonly refreshSeconds?: number;
}

/** A way to another page. */
export interface PageLink {
  readonly text: string;
  /** Undefined for the page that is shown. */
  readonly href?: string;
}

/** A page in one file: no scripts, and nothing that is fetched from elsewhere. */
export function renderPage(page: Page): string {
  const {
    title,
    lede,
    facts,
    advice,
    tiles,
    sections,
    tables,
    missing,
    command,
    links,
    refreshSeconds,
  } = page;
  const parts = [
    links === undefined ? '' : `<nav>${links.map(renderLink).join('')}</nav>`,
    `<h1>${escapeHtml(title)}</h1><p class="lede">${escapeHtml(lede)}</p>`,
    `<ul class="facts">${facts.map(([name, value]) => `<li>${escapeHtml(name)} <b>${escapeHtml(value)}</b></li>`).join('')}</ul>`,
    advice === undefined ? '' : `<p class="advice">${escapeHtml(advice)}</p>`,
    tiles.length === 0
      ? ''
      : `<div class="tiles">${tiles.map(({ value, text }) => `<div class="tile"><b>${escapeHtml(value)}</b><span>${escapeHtml(text)}</span></div>`).join('')}</div>`,
    ...sections.map(
      (section) =>
        `<section><h2>${escapeHtml(section.title)}</h2><p class="about">${escapeHtml(section.about)}</p>` +
        `<div class="charts">${section.charts.join('\n')}</div></section>`,
    ),
    missing.length === 0
      ? ''
      : `<h2>Not measured</h2><ul class="missing">${missing.map(({ system, why }) => `<li><b>${escapeHtml(system)}</b>${escapeHtml(why)}</li>`).join('')}</ul>`,
    tables.length === 0 ? '' : `<h2>All figures</h2>${tables.join('\n')}`,
    `<footer>Made by <code>${escapeHtml(command)}</code>. Everything on this page is in the JSON of the same run.</footer>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
${refreshSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">\n`}<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>
${parts.filter((part) => part !== '').join('\n')}
</main></body>
</html>
`;
}

function renderLink({ text, href }: PageLink): string {
  const shown = escapeHtml(text);
  return href === undefined ? `<b>${shown}</b>` : `<a href="${escapeHtml(href)}">${shown}</a>`;
}

/** A table in a box that opens. The first `textColumns` columns are text. */
export function renderTable(
  title: string,
  rows: readonly (readonly string[])[],
  textColumns: number,
  isOurs: (row: readonly string[]) => boolean = () => false,
  open = false,
): string {
  const [head = [], ...body] = rows;
  const cell = (tag: 'th' | 'td') => (text: string, i: number) =>
    `<${tag}${i < textColumns ? ' class="text"' : ''}>${escapeHtml(text)}</${tag}>`;
  const line = (row: readonly string[]) =>
    `<tr${isOurs(row) ? ' class="ours"' : ''}>${row.map(cell('td')).join('')}</tr>`;
  return (
    `<details class="sheet"${open ? ' open' : ''}><summary>${escapeHtml(title)}</summary><div class="scroll">` +
    `<table><thead><tr>${head.map(cell('th')).join('')}</tr></thead><tbody>${body.map(line).join('\n')}</tbody></table></div></details>`
  );
}
