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
import { bytesOf } from './har.ts';
import { JsonField } from './json-field.ts';
import { headerOf, readHeader, readMethod, readTarget } from './read-message.ts';

/**
 * Reads exchanges as JSON, one object a line:
 * `{"time":…,"request":{"method","url","headers","body"},"response":{"status","headers","body"}}`.
 * README.md says what each may be.
 *
 * @param most how much to take; what stands behind them is not read.
 * @throws {TrafficFileError} at the first line that is none.
 */
export async function readNdjson(
  file: string,
  lines: AsyncIterable<string>,
  most: Most,
): Promise<RecordedTraffic> {
  const recording = new Recording(most);
  let number = 0;
  for await (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    if (recording.isFull) {
      recording.leaveRest(1);
      continue;
    }
    recording.add(readLine(file, number, number === 1 ? text.replace(/^\uFEFF/, '') : text));
  }
  return recording.end();
}

function readLine(file: string, line: number, text: string): RecordedExchange | LeftOut {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TrafficFileError({
      file,
      line,
      found: shown(text),
      expected: 'an exchange as JSON, {"request":{…},"response":{…}}, or a HAR file',
    });
  }
  return readExchange(new JsonField(value, { file, lineOf: () => line }));
}

function readExchange(exchange: JsonField): RecordedExchange | LeftOut {
  const atMs = readTime(exchange.at('time'));
  const [request, response] = [exchange.at('request'), exchange.at('response')];
  const target = readTarget(request.at('url'));
  if ('leftOut' in target) return target;
  const method = readMethod(request.at('method'));
  const { value: status } = response.at('status');
  if (typeof status !== 'number' || !(status >= 200 && status <= 599)) {
    return response.at('status').fail('a final status, 200 to 599');
  }
  const made = makeRequest(method, target, readHeaders(request.at('headers')), readBody(request));
  if ('leftOut' in made) return made;
  const answerHeaders = readHeaders(response.at('headers'));
  const answer = readBody(response) ?? new Uint8Array(0);
  return { atMs, request: made, ...makeResponse(method, status, answerHeaders, answer) };
}

function readTime(field: JsonField): number | undefined {
  const { value } = field;
  if (!field.isThere) return undefined;
  const atMs = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof atMs === 'number' && Number.isFinite(atMs)) return atMs;
  return field.fail('a time such as "2026-03-02T10:00:00.123Z", or ms since 1970');
}

/** An object, `[name, value]` pairs, or HAR's `{ "name", "value" }`. */
function readHeaders(field: JsonField): string[] {
  if (!field.isThere) return [];
  if (!Array.isArray(field.value)) {
    return field.entries('an object or a list of header fields').flatMap(([name, value]) => {
      const values = Array.isArray(value.value) ? value.list() : [value];
      return values.flatMap((one) => headerOf(name, one));
    });
  }
  return field.list().flatMap((header) => {
    if (!Array.isArray(header.value)) return readHeader(header.at('name'), header.at('value'));
    const [name, value, more] = header.list();
    if (name === undefined || value === undefined || more !== undefined) {
      return header.fail('a pair of name and value');
    }
    return readHeader(name, value);
  });
}

function readBody(message: JsonField): Uint8Array | undefined {
  if (!message.at('body').isThere) return undefined;
  return bytesOf(message.at('body'), message.at('bodyEncoding'));
}
