import { Fields, RequestHead, ResponseHead } from '@tp/wire';

/** Fields of HTTP/2 that are ordinary ones in HTTP/1.1, or that a proxy makes ordinary ones. */
const ORDINARY: ReadonlyMap<string, string> = new Map([
  [':authority', 'host'],
  [':scheme', 'x-forwarded-proto'],
]);

/**
 * A list of a story as a head. Nothing is left out: authority and scheme become fields. A blank at
 * the end of a value is no part of it (RFC 9110 section 5.5).
 */
export function toHead(
  kind: 'request' | 'response',
  list: readonly string[],
): RequestHead | ResponseHead {
  const pseudo = new Map<string, string>();
  const raw: string[] = [];
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? '';
    const value = (list[i + 1] ?? '').trim();
    const ordinary = ORDINARY.get(name);
    if (ordinary !== undefined) raw.push(ordinary, value);
    else if (name.startsWith(':')) pseudo.set(name, value);
    else raw.push(name, value);
  }
  const fields = new Fields(raw);
  if (kind === 'response') return new ResponseHead(Number(pseudo.get(':status')), fields);
  return new RequestHead(pseudo.get(':method') ?? '', pseudo.get(':path') ?? '', fields);
}

/** A head as a list of the order that the stories have: the inverse of `toHead`. */
export function toList(head: RequestHead | ResponseHead): string[] {
  const raw = head.fields.raw;
  if (head instanceof ResponseHead) return [':status', String(head.status), ...raw];
  const list = [':method', head.method];
  for (const [pseudo, ordinary] of [...ORDINARY].reverse()) {
    list.push(pseudo, head.fields.get(ordinary) ?? '');
  }
  list.push(':path', head.path);
  for (let i = 2 * ORDINARY.size; i < raw.length; i++) list.push(raw[i] ?? '');
  return list;
}
