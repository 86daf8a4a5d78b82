import { createHash } from 'node:crypto';
import { expectEqual, expectThat, Failure } from './failure.ts';

/** What became of one ordered request, as the client reports it (docs/implementing.md). */
export interface Result {
  readonly status?: number;
  readonly reason?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly info?: readonly number[];
  /** Bytes of body. */
  readonly body?: number;
  readonly sha256?: string;
  readonly trailers?: readonly (readonly [string, string])[];
  readonly error?: string;
  readonly processed?: string;
  readonly cancelled?: boolean;
  /** A one-way request was written. */
  readonly sent?: boolean;
}

/** What a complete answer must be; what is left out is not looked at. */
export interface Wanted {
  readonly status: number;
  readonly reason?: string;
  readonly fields?: Result['fields'];
  readonly info?: readonly number[];
  readonly body?: Uint8Array | string;
  readonly trailers?: Result['trailers'];
}

/** Holds a result to a complete answer. */
export function expectAnswer(result: Result | undefined, wanted: Wanted): void {
  const { body, ...rest } = wanted;
  if (result?.status === undefined || result.error !== undefined || result.cancelled === true) {
    throw new Failure(`a complete answer ${wanted.status}`, JSON.stringify(result) ?? 'nothing');
  }
  const { status, reason = '', fields = [], info = [], trailers = [] } = result;
  const found = { status, reason, fields, info, trailers };
  for (const [name, value] of Object.entries(rest)) {
    const was = Object.entries(found).find(([key]) => key === name)?.[1];
    expectEqual(`the result's ${name}`, was, value);
  }
  if (body === undefined) return;
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  expectEqual("the length of the result's body", result.body, bytes.length);
  const hash = createHash('sha256').update(bytes).digest('hex');
  expectEqual("the result's sha256", result.sha256?.toLowerCase(), hash);
}

/**
 * Holds a result to a failure with one of those codes (all, when there are none) and that truth.
 * Once the response's head had come, `maybe` may as well be `yes` (W-128).
 */
export function expectError(
  result: Result | undefined,
  codes: readonly string[],
  processed: 'no' | 'maybe' | 'yes',
): void {
  const { error, processed: found, status } = result ?? {};
  const isRight = error !== undefined && (codes.length === 0 || codes.includes(error));
  const what = `an error ${codes.join(' or ')}, processed ${processed}`;
  const isTrue = found === processed || (processed === 'maybe' && found === 'yes' && status);
  expectThat(isRight && Boolean(isTrue), what, JSON.stringify(result) ?? 'nothing');
}

/**
 * Reads a report.
 *
 * @throws {Failure} when it is not of the shape that docs/implementing.md asks for.
 */
export function readResults(text: string): { name: string; results: Result[] } {
  const report: unknown = parse(text);
  if (!isObject(report) || !Array.isArray(report.results) || typeof report.case !== 'string') {
    throw new Failure('{ "case": NAME, "results": [ … ] }', text.slice(0, 200));
  }
  const results = report.results.map((one: unknown) => {
    if (!isResult(one))
      throw new Failure('a RESULT', JSON.stringify(one)?.slice(0, 200) ?? 'nothing');
    return one;
  });
  return { name: report.case, results };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure('a report in JSON', text.slice(0, 200));
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Members that a result may have, by their type. */
const TYPES: readonly (readonly [name: string, isRight: (value: unknown) => boolean])[] = [
  ...['status', 'body'].map(
    (name) => [name, (value: unknown) => typeof value === 'number'] as const,
  ),
  ...['reason', 'sha256', 'error', 'processed'].map(
    (name) => [name, (value: unknown) => typeof value === 'string'] as const,
  ),
  ...['fields', 'info', 'trailers'].map(
    (name) => [name, (value: unknown) => Array.isArray(value)] as const,
  ),
];

function isResult(value: unknown): value is Result {
  if (!isObject(value)) return false;
  const isAnswer = typeof value.status === 'number' || typeof value.error === 'string';
  const areRight = TYPES.every(
    ([name, isRight]) => value[name] === undefined || isRight(value[name]),
  );
  return areRight && (isAnswer || value.sent === true || value.cancelled === true);
}
