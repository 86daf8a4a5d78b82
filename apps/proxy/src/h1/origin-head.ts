import { connectionOptions, endToEnd, upgradeEndToEnd } from '@tp/http';
import { Fields } from '@tp/wire';
import { parseFieldLines, trimmed } from './field-lines.ts';
import { malformed } from './malformed.ts';

/** The head of an origin's response, parsed once for all responses that repeat it. */
export interface OriginHead {
  /** 100 to 599. */
  readonly status: number;
  /** The reason phrase as the origin wrote it, less blanks at its ends (a link has none, W-062); may be empty. */
  readonly reason: string;
  /** Without the fields that hold for the connection only, but those by which it switches protocols. */
  readonly headers: Fields;
  /** `Content-Length`; undefined when there is none. */
  readonly declaredLength: number | undefined;
  /** Whether the body is chunked. */
  readonly chunked: boolean;
  /** Whether the origin lets the connection serve a further request. */
  readonly keepAlive: boolean;
  /** How long the origin says that it keeps an idle connection, in ms. */
  readonly idleTimeoutMs: number | undefined;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/**
 * Parses a response head (RFC 9112 sections 4 to 6), without the empty line at its end.
 *
 * @throws {TpError} `UPSTREAM` when it is malformed, or frames its body in two ways at once, which
 *   is how responses get smuggled (RFC 9112 section 6.3).
 */
export function parseOriginHead(text: string): OriginHead {
  const lineEnd = text.indexOf('\r\n');
  const line = STATUS_LINE.exec(lineEnd < 0 ? text : text.slice(0, lineEnd));
  if (line === null) throw malformed('no HTTP/1.1 status line');
  const raw = lineEnd < 0 ? [] : parseFieldLines(text, lineEnd + 2);
  const fields = new Fields(raw);
  const options = connectionOptions(raw);
  const status = Number(line[2]);
  const reason = line[3] ?? '';
  return {
    status,
    reason: trimmed(reason, 0, reason.length),
    headers: status === 101 ? upgradeEndToEnd(fields, 'response') : endToEnd(fields),
    ...framing(fields),
    keepAlive: !options.has('close') && (line[1] === '1' || options.has('keep-alive')),
    idleTimeoutMs: idleTimeout(fields.get('keep-alive')),
  };
}

function framing(fields: Fields): { declaredLength: number | undefined; chunked: boolean } {
  const lengths = fields.getAll('content-length');
  const codings = fields.getAll('transfer-encoding');
  if (codings.length > 0) {
    if (lengths.length > 0) throw malformed('both content-length and transfer-encoding');
    if (codings.length > 1 || codings[0]?.toLowerCase() !== 'chunked') {
      throw malformed('a transfer-encoding other than chunked');
    }
    return { declaredLength: undefined, chunked: true };
  }
  if (lengths.length === 0) return { declaredLength: undefined, chunked: false };
  const length = lengths[0] ?? '';
  if (lengths.length > 1 || !/^\d{1,15}$/.test(length)) throw malformed('a bad content-length');
  return { declaredLength: Number(length), chunked: false };
}

function idleTimeout(keepAlive: string | undefined): number | undefined {
  const seconds = keepAlive === undefined ? null : /(?:^|[,\s])timeout=(\d{1,6})/i.exec(keepAlive);
  return seconds === null ? undefined : Number(seconds[1]) * 1000;
}
