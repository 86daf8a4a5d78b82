/** A request as a reader understands it that takes nothing but what RFC 9112 lets a client send. */
export interface StrictRequest {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

const LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/1\.1$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;

/**
 * Reads requests one behind the other, independently of the proxy's own parsers.
 *
 * @returns them, and what is left of one that is not complete.
 * @throws {Error} for anything malformed or ambiguous.
 */
export function strictRequests(text: string): { requests: StrictRequest[]; rest: string } {
  const requests: StrictRequest[] = [];
  let at = 0;
  for (;;) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) return { requests, rest: text.slice(at) };
    const [line = '', ...lines] = text.slice(at, end).split('\r\n');
    const [, method = '', target = ''] = LINE.exec(line) ?? wrong(line);
    const fields = lines.map((one) => FIELD.exec(one) ?? wrong(one));
    const named = (name: string): string[] =>
      fields.flatMap(([, known = '', value = '']) =>
        known.toLowerCase() === name ? [value.trim()] : [],
      );
    if (named('host').length !== 1) wrong(`${named('host').length} hosts in ${line}`);
    const body = bodyOf(text, end + 4, named('content-length'), named('transfer-encoding'));
    if (body === undefined) return { requests, rest: text.slice(at) };
    requests.push({ method, target, body: body.text });
    at = body.next;
  }
}

function bodyOf(
  text: string,
  start: number,
  lengths: readonly string[],
  codings: readonly string[],
): { text: string; next: number } | undefined {
  if (lengths.length + codings.length > 1) wrong(`${lengths.join()} beside ${codings.join()}`);
  if (codings.length > 0) {
    if (codings[0]?.toLowerCase() !== 'chunked') wrong(codings.join());
    return chunkedBody(text, start);
  }
  const length = lengths[0] ?? '0';
  if (!/^\d{1,15}$/.test(length)) wrong(length);
  const next = start + Number(length);
  return text.length < next ? undefined : { text: text.slice(start, next), next };
}

function chunkedBody(text: string, start: number): { text: string; next: number } | undefined {
  let body = '';
  let at = start;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const line = text.slice(at, end);
    if (!/^[0-9a-fA-F]+$/.test(line)) wrong(line);
    const size = Number.parseInt(line, 16);
    at = end + 2;
    if (size === 0) return trailersBehind(text, at, body);
    if (text.length < at + size + 2) return undefined;
    body += text.slice(at, at + size);
    at += size + 2;
    if (text.slice(at - 2, at) !== '\r\n') wrong('a chunk without its end');
  }
}

function trailersBehind(
  text: string,
  start: number,
  body: string,
): { text: string; next: number } | undefined {
  let at = start;
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return undefined;
    if (end === at) return { text: body, next: at + 2 };
    const [, name = ''] = FIELD.exec(text.slice(at, end)) ?? wrong(text.slice(at, end));
    if (/^(?:content-length|transfer-encoding|host)$/i.test(name)) wrong(`${name} as a trailer`);
    at = end + 2;
  }
}

function wrong(what: string): never {
  throw new Error(`malformed: ${JSON.stringify(what)}`);
}
