import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RequestHead, ResponseHead } from '@tp/wire';
import { toHead } from './story-head.ts';

/** The heads that one site's pages made a browser send or receive, and what HPACK spends on them. */
export interface Story {
  /** Its number in the public collection. */
  readonly name: string;
  readonly kind: 'request' | 'response';
  /** Names and values in turn, pseudo fields first, as the story has them. */
  readonly lists: readonly (readonly string[])[];
  /** The same as heads that tp carries. */
  readonly heads: readonly (RequestHead | ResponseHead)[];
  /** Lengths of all names and values. */
  readonly textBytes: number;
  /** What nghttp2's HPACK encoder spends on all of them: a table of 4 KiB, Huffman. */
  readonly hpackBytes: number;
}

/** The stories, or why there are none. */
export type Stories = { readonly stories: readonly Story[] } | { readonly why: string };

const FOLDER = fileURLToPath(new URL('../../../../../shared/data/headers/', import.meta.url));

/**
 * Reads the header stories, which are no part of the project: `../shared/data/headers` beside the
 * checkout, where there is one.
 *
 * @throws {Error} when a file there is not what it should be.
 */
export function readStories(folder: string = FOLDER): Stories {
  const readme = join(folder, 'README.md');
  if (!existsSync(readme)) return { why: 'the header stories are not in ../shared/data/headers' };
  const table = readFileSync(readme, 'utf8');
  const stories: Story[] = [];
  for (const file of readdirSync(folder).sort()) {
    const name = /^story_(\d+)\.json$/.exec(file)?.[1];
    if (name === undefined) continue;
    const { kind, lists } = parseStory(file, readFileSync(join(folder, file), 'utf8'));
    const heads = lists.map((list) => toHead(kind, list));
    stories.push({ name, kind, lists, heads, ...figuresOf(name, table) });
  }
  return { stories };
}

/** The row of a story in the table of the folder's README. */
function figuresOf(name: string, table: string): { textBytes: number; hpackBytes: number } {
  const row = new RegExp(`^\\| ${name} \\| [\\d,]+ \\| ([\\d,]+) \\| ([\\d,]+) \\|$`, 'm').exec(
    table,
  );
  const [textBytes, hpackBytes] = [row?.[1], row?.[2]].map((cell) =>
    Number(cell?.replaceAll(',', '')),
  );
  if (!textBytes || !hpackBytes) throw new Error(`the README has no row of story ${name}`);
  return { textBytes, hpackBytes };
}

function parseStory(file: string, text: string): Pick<Story, 'kind' | 'lists'> {
  const found: unknown = JSON.parse(text);
  if (
    isRecord(found) &&
    (found.context === 'request' || found.context === 'response') &&
    Array.isArray(found.cases)
  ) {
    const cases: readonly unknown[] = found.cases;
    return { kind: found.context, lists: cases.map((one) => parseList(file, one)) };
  }
  throw new Error(`${file}: expected a context and cases`);
}

function parseList(file: string, found: unknown): string[] {
  const list: string[] = [];
  if (isRecord(found) && Array.isArray(found.headers)) {
    const headers: readonly unknown[] = found.headers;
    for (const header of headers) {
      const [entry, ...more] = isRecord(header) ? Object.entries(header) : [];
      if (entry === undefined || more.length > 0 || typeof entry[1] !== 'string') break;
      list.push(entry[0], entry[1]);
    }
    if (list.length === 2 * headers.length) return list;
  }
  throw new Error(`${file}: expected headers with one name and its value each`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
