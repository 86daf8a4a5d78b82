import type { ServerHttp2Stream } from 'node:http2';
import type { Fields } from '@tp/wire';

/**
 * Writes the final head of a response: its fields in order, names in lower case, and nothing of
 * Node's own, which would add a Date.
 */
export function respondHead(
  stream: ServerHttp2Stream,
  status: number,
  fields: Fields,
  options: { endStream?: boolean; waitForTrailers?: boolean } = {},
): void {
  const lower = fields.raw.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  const settings = { ...options, sendDate: false };
  stream.respond([':status', `${status}`, ...lower], settings);
}

/** Fields as `node:http2` takes them where it wants no flat list: repeated ones together. */
export function listsOf(fields: Fields): Record<string, string[]> {
  const lists: Record<string, string[]> = Object.create(null);
  for (const [given, value] of fields) {
    const name = given.toLowerCase();
    const known = lists[name];
    if (known === undefined) lists[name] = [value];
    else known.push(value);
  }
  return lists;
}
