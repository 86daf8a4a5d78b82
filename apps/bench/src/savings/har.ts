import {
  type LeftOut,
  type Most,
  makeRequest,
  makeResponse,
  type RecordedExchange,
  type RecordedTraffic,
  Recording,
} from '@tp/savings';
import { shown, TrafficFileError } from './file-error.ts';
import { JsonField } from './json-field.ts';
import { firstFlaw, lineAt, placeOf } from './json-place.ts';
import { readHeader, readMethod, readTarget } from './read-message.ts';

/** No answer came: blocked, cancelled, or lost. */
const NO_ANSWER = 'no answer came';
const CACHED = "answered from the browser's cache";
const UPGRADED = 'not HTTP any more (an upgrade or a tunnel)';
const NO_RESPONSE_BODY = "the answer's body is not in the file";

/**
 * Reads an HTTP archive (HAR 1.2) as browsers and debugging proxies export it.
 *
 * @param most how much to take.
 * @throws {TrafficFileError} when it is none.
 */
export function readHar(file: string, text: string, most: Most): RecordedTraffic {
  const source = {
    file,
    lineOf: (path: readonly (string | number)[]) => lineAt(text, placeOf(text, path)),
  };
  const root = new JsonField(parse(file, text), source);
  const entries = root.at('log').at('entries').list('the list of entries of a HAR file');
  const recording = new Recording(most);
  for (const [i, entry] of entries.entries()) {
    if (recording.isFull) {
      recording.leaveRest(entries.length - i);
      break;
    }
    recording.add(readEntry(entry));
  }
  return recording.end();
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const at = firstFlaw(text) ?? text.length;
    throw new TrafficFileError({
      file,
      line: lineAt(text, at),
      found: at >= text.length ? 'the end of the file' : shown(text.slice(at, at + 20)),
      expected: 'JSON as it goes on there',
    });
  }
}

function readEntry(entry: JsonField): RecordedExchange | LeftOut {
  const atMs = readTime(entry.at('startedDateTime'));
  const [request, response] = [entry.at('request'), entry.at('response')];
  const method = readMethod(request.at('method'));
  const target = readTarget(request.at('url'));
  if ('leftOut' in target) return target;
  const status = readStatus(response.at('status'));
  if (status === 0) return { leftOut: NO_ANSWER };
  if (status === 101 || method === 'CONNECT') return { leftOut: UPGRADED };
  if (isFromCache(entry)) return { leftOut: CACHED };
  const headers = readHeaders(request.at('headers'));
  const made = makeRequest(method, target, headers, readRequestBody(request.at('postData')));
  if ('leftOut' in made) return made;
  const content = readContent(response.at('content'), status);
  if (content === undefined && method !== 'HEAD') return { leftOut: NO_RESPONSE_BODY };
  const answerHeaders = readHeaders(response.at('headers'));
  return {
    atMs,
    request: made,
    ...makeResponse(method, status, answerHeaders, content ?? new Uint8Array(0)),
  };
}

function readTime(field: JsonField): number {
  const expected = 'a time such as "2026-03-02T10:00:00.123Z"';
  const atMs = Date.parse(field.text(expected));
  return Number.isNaN(atMs) ? field.fail(expected) : atMs;
}

function readStatus(field: JsonField): number {
  const { value } = field;
  // Chrome says 0 where no answer came, others -1.
  if (value === 0 || value === -1) return 0;
  if (typeof value === 'number' && value >= 100 && value <= 599) return value;
  return field.fail('a status such as 200, or 0 for no answer');
}

/** Chrome says so of its memory and disk caches. */
function isFromCache(entry: JsonField): boolean {
  return entry.at('_fromCache').isThere || entry.at('response').at('_fromDiskCache').value === true;
}

function readHeaders(field: JsonField): string[] {
  return field
    .list('a list of { "name", "value" }')
    .flatMap((header) => readHeader(header.at('name'), header.at('value')));
}

function readRequestBody(field: JsonField): Uint8Array | undefined {
  if (!field.isThere || !field.at('text').isThere) return undefined;
  return bytesOf(field.at('text'), field.at('encoding'));
}

/** The answer's body; undefined when there was one that the file does not hold. */
function readContent(field: JsonField, status: number): Uint8Array | undefined {
  if (!field.isThere) return new Uint8Array(0);
  if (field.at('text').isThere) return bytesOf(field.at('text'), field.at('encoding'));
  const size = Number(field.at('size').value ?? 0);
  // Nobody shows the body of a redirect, and browsers do not keep it.
  return size > 0 && status !== 204 && (status < 300 || status > 399)
    ? undefined
    : new Uint8Array(0);
}

/** Text, or base64 where `encoding` says so. @throws {TrafficFileError} when it is neither. */
export function bytesOf(text: JsonField, encoding: JsonField): Uint8Array {
  const written = text.text('a body as text');
  if (!encoding.isThere || encoding.value === '') return Buffer.from(written);
  if (encoding.value !== 'base64') return encoding.fail('"base64", or nothing for text');
  if (!/^[\w+/\s-]*={0,2}\s*$/.test(written)) return text.fail('a body in base64');
  return Buffer.from(written, 'base64');
}
