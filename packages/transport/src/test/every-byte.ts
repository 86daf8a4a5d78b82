import { type CodecName, Fields, isTpError, RequestHead, ResponseHead } from '@tp/wire';
import type { CallInit } from '../exchange/call-init.ts';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createPool, type Pool } from '../pool/pool.ts';
import { createTransportServer } from '../server.ts';
import { content, noise, pieces } from './content.ts';
import { turns } from './eventually.ts';
import { FakeClock } from './fake-clock.ts';
import { type Fault, faultyPair } from './faulty-connection.ts';
import type { MemoryConnection } from './memory-connection.ts';

/** What became of the two calls over a connection with a fault. */
export interface CaseResult {
  /** For each call `ok`, or code and proof: `LINK_LOST maybe`. */
  readonly outcomes: readonly string[];
  /** What must not be: a hang, a wrong answer, an error without a type, a proof that is not true. */
  readonly violations: readonly string[];
  /** Bytes that arrived on the first connection, in each direction. */
  readonly up: number;
  readonly down: number;
}

const LENGTH = 4096;
/** Half of it packs, half does not. */
const ASKED = joined(content(LENGTH / 2), noise(LENGTH / 2, 7));
const ANSWERED = joined(noise(LENGTH / 2, 8), content(LENGTH / 2));
const OK = new ResponseHead(200, new Fields(['content-type', 'text/plain']));
const HALF = LENGTH / 2;

/** What a run waits for in all, on its own clock, in ms: every limit in time has passed by then. */
const PATIENCE_MS = 120_000;
/** Shorter than any wait for an answer, so that one which is under way comes before time is up. */
const STEP_MS = 1_000;

/** After a fault in every so many bytes the peer can be dialled again; else it stays away. */
const COMES_BACK = 8;

/**
 * Two calls of 4 KiB each way, one with whole bodies and then one with streamed ones. The first
 * connection has the fault; those that the client opens after it have none, if it can open any.
 */
export async function runCase(codec: CodecName, fault: Fault | undefined): Promise<CaseResult> {
  const clock = new FakeClock();
  const handled = new Map<string, number>();
  const violations: string[] = [];
  const server = createTransportServer((exchange) => handle(exchange, handled, violations), {
    clock,
    codecs: [codec],
  });
  const ends: [MemoryConnection, MemoryConnection][] = [];
  const pool = createPool(['teleport://memory:1'], {
    clock,
    codecs: [codec],
    random: () => 0.5,
    dial: async () => {
      const isFirst = ends.length === 0;
      if (!isFirst && (fault?.at ?? 0) % COMES_BACK !== 0) throw new Error('nobody is there');
      const [near, far] = faultyPair(isFirst ? fault : undefined);
      ends.push([near, far]);
      server.accept(far);
      return near;
    },
  });
  const moved = () => ends.reduce((sum, [near, far]) => sum + near.bytesIn + far.bytesIn, 0);
  const outcomes: string[] = [];
  const body = ASKED;
  for (const [path, init] of [
    ['/whole', { body }],
    ['/streamed', { stream: { source: pieces(body.subarray(0, HALF), body.subarray(HALF)) } }],
  ] as const) {
    const head = new RequestHead('POST', path, new Fields(['host', 'example.com']));
    let outcome: string | undefined;
    void ask(pool, { head, ...init }, violations).then((found) => {
      outcome = found;
    });
    if (!(await passed(clock, moved, () => outcome !== undefined))) {
      violations.push(`${path} hangs`);
    }
    outcomes.push(outcome ?? 'hangs');
    if (outcome !== undefined) violations.push(...untrue(path, outcome, handled.get(path) ?? 0));
  }
  let isClosed = false;
  void Promise.all([pool.close(), server.close()]).then(() => {
    isClosed = true;
  });
  if (!(await passed(clock, moved, () => isClosed))) violations.push('closing hangs');
  await turns(3);
  clock.advance(STEP_MS);
  if (clock.timers > 0) violations.push(`${clock.timers} timers are left`);
  const [near, far] = ends[0] ?? [];
  return { outcomes, violations, up: far?.bytesIn ?? 0, down: near?.bytesIn ?? 0 };
}

/** Lets turns run while bytes move, and time pass when none do. False: it never came to be. */
async function passed(
  clock: FakeClock,
  moved: () => number,
  isSo: () => boolean,
): Promise<boolean> {
  let before = -1;
  for (let waited = 0; waited < PATIENCE_MS; ) {
    await turns(3);
    if (isSo()) return true;
    const now = moved();
    if (now === before) {
      clock.advance(STEP_MS);
      waited += STEP_MS;
    }
    before = now;
  }
  return false;
}

function handle(
  exchange: ServerExchange,
  handled: Map<string, number>,
  violations: string[],
): void {
  const { path } = exchange;
  handled.set(path, (handled.get(path) ?? 0) + 1);
  void Promise.resolve(exchange.bytes()).then(
    (bytes) => {
      if (!same(bytes, ASKED)) violations.push(`${path}: the handler got other bytes`);
      if (path === '/whole') exchange.respond(OK, ANSWERED, undefined);
      else if (path === '/streamed') {
        const source = pieces(ANSWERED.subarray(0, HALF), ANSWERED.subarray(HALF));
        exchange.respond(OK, undefined, { source });
      } else violations.push(`the handler was asked for ${path}`);
    },
    (error: unknown) => {
      if (!isTpError(error)) violations.push(`${path}: the handler's reader failed: ${error}`);
      else exchange.refuse(error);
    },
  );
}

/** One call and all of its answer. */
async function ask(pool: Pool, init: CallInit, violations: string[]): Promise<string> {
  const { path } = init.head;
  let length = 0;
  try {
    const call = await pool.call(init);
    if (call.status !== 200) violations.push(`${path}: status ${call.status}`);
    for await (const piece of call.body) {
      if (!same(piece, ANSWERED.subarray(length, length + piece.length))) {
        violations.push(`${path}: other bytes came at ${length}`);
      }
      length += piece.length;
    }
    if (length !== LENGTH) violations.push(`${path}: ${length} bytes came, and then an end`);
    return 'ok';
  } catch (error) {
    if (isTpError(error)) return `${error.code} ${error.processed}`;
    violations.push(`${path}: an error without a type: ${error}`);
    return 'untyped';
  }
}

/** What an outcome says that is not so, given how often the handler ran. */
function untrue(path: string, outcome: string, runs: number): string[] {
  const wrong: string[] = [];
  if (runs > 1) wrong.push(`${path} ran ${runs} times`);
  if (outcome === 'ok' && runs === 0) wrong.push(`${path} was answered without having run`);
  if (outcome.endsWith(' no') && runs > 0) wrong.push(`${path} ran and ended in ${outcome}`);
  if (outcome.endsWith(' yes') && runs === 0) wrong.push(`${path} never ran; ${outcome}`);
  return wrong;
}

function same(one: Uint8Array, two: Uint8Array): boolean {
  return Buffer.compare(one, two) === 0;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
