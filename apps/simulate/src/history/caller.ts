import type { Client, Request, RequestOptions, Response, SendOptions } from '@tp/http';
import type { Host } from '../world/host.ts';
import { type BodyPlan, type CallPlan, hasBody } from './call-plan.ts';
import { ContentCheck, content } from './content.ts';
import type { CallRecord, Ledger } from './ledger.ts';
import { plannedSource, type TrackedSource } from './tracked-source.ts';

/** Makes a call as it is planned, and tells the ledger how it went. */
export async function makeCall(
  plan: CallPlan,
  client: Client,
  host: Host,
  ledger: Ledger,
): Promise<void> {
  const record = ledger.begin(plan, host);
  const signal = abortSignal(record, ledger);
  if (plan.oneWay) {
    await client.send({ ...sendOf(plan), ...signal }).then(
      () => ledger.complete(record, 'sent'),
      (error: unknown) => ledger.failed(record, error),
    );
    return;
  }
  let response: Response;
  try {
    response = await client.request({
      ...requestOf(plan, host, ledger),
      ...signal,
      onInformation: (status, { raw }) => record.informed.push([status, ...raw].join(' ')),
    });
  } catch (error) {
    ledger.failed(record, error);
    return;
  }
  ledger.answered(record, response.status);
  checkHead(record, response, ledger);
  try {
    const how = await readBody(record, response, ledger);
    ledger.complete(record, how);
  } catch (error) {
    ledger.failed(record, error);
  }
}

/** What the 1xx heads of a call say, in order. */
export function informationOf({ answer }: CallPlan): string[] {
  return Array.from({ length: answer.informs }, (_, i) => `103 x-inform ${i}`);
}

/** The fields that a request has, in order. */
export function requestFields({ id, fields, upload }: CallPlan): string[] {
  return ['x-call', String(id), ...fields, ...lengthFields(upload)];
}

/** The fields that an answer has, in order. */
export function answerFields({ id, answer }: CallPlan): string[] {
  const kind = id % 2 === 0 ? 'text/plain' : 'application/octet-stream';
  return ['content-type', kind, 'X-Call', String(id), ...lengthFields(answer.body)];
}

/** What stands behind a body that has trailers. */
export function trailersOf(id: number): Record<string, string> {
  return { 'x-sum': String(id) };
}

function lengthFields(body: BodyPlan | undefined): string[] {
  return body?.declared === true ? ['content-length', String(body.bytes)] : [];
}

function requestOf(plan: CallPlan, host: Host, ledger: Ledger): RequestOptions {
  const { upload, deadlineMs, id, method, idempotent, hedgeAfterMs, windows } = plan;
  return {
    method,
    path: `/call/${id}`,
    headers: requestFields(plan),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(idempotent === undefined ? {} : { idempotent }),
    ...(windows[0] === undefined ? {} : { window: windows[0] }),
    ...(hedgeAfterMs === undefined ? {} : { hedgeAfterMs }),
    ...(upload === undefined ? {} : { body: bodyOf(id, 'up', upload, host, ledger) }),
    ...(upload?.trailers === true ? { trailers: () => trailersOf(id) } : {}),
  };
}

function sendOf(plan: CallPlan): SendOptions {
  const { upload, deadlineMs, id, method, windows } = plan;
  return {
    method,
    path: `/call/${id}`,
    headers: requestFields(plan),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(windows[0] === undefined ? {} : { window: windows[0] }),
    ...(upload === undefined ? {} : { body: content(id, 'up', 0, upload.bytes) }),
  };
}

/** A planned body as the library takes it. */
export function bodyOf(
  id: number,
  side: 'up' | 'down',
  plan: BodyPlan,
  host: Host,
  ledger: Ledger,
): Uint8Array | TrackedSource {
  return plan.how === 'whole'
    ? content(id, side, 0, plan.bytes)
    : plannedSource(id, side, plan, host, ledger);
}

function abortSignal(record: CallRecord, ledger: Ledger): { signal?: AbortSignal } {
  const { abortAfterMs } = record.plan;
  if (abortAfterMs === undefined) return {};
  const controller = new AbortController();
  void record.host.sleep(abortAfterMs).then(() => {
    if (record.endedAt !== undefined && record.outcome?.how !== 'forgotten') return;
    record.abortedAt = ledger.now;
    controller.abort();
  });
  return { signal: controller.signal };
}

/** The status that a call is answered with. */
export function expectedStatus({ answer }: CallPlan): number {
  return answer.kind === 'throw' ? 500 : answer.status;
}

function checkHead({ plan, runs, informed }: CallRecord, response: Response, ledger: Ledger): void {
  const { id, answer } = plan;
  if (runs.length === 0)
    ledger.violate('wrong answer', `call ${id} was answered but never handled`);
  // An answer in a window of its own may overtake them: then they are not said.
  const overtakes = plan.windows[1] !== undefined && informed.length < answer.informs;
  // Those of an attempt that came to nothing, or that runs beside the one that answers, come as well.
  const isTold =
    runs.length > 1
      ? isWithin(informationOf(plan), informed)
      : informed.join() === informationOf(plan).join();
  if (!overtakes && !isTold) {
    ledger.violate('wrong answer', `call ${id} was informed of ${informed.join() || 'nothing'}`);
  }
  const expected = answer.kind === 'throw' ? ['content-length', '0'] : answerFields(plan);
  const found = [response.status, ...response.headers.raw].join('|');
  const wanted = [expectedStatus(plan), ...expected].join('|');
  if (found !== wanted || answer.kind === 'refuse' || answer.kind === 'hold') {
    ledger.violate('wrong answer', `call ${id} expected ${wanted} and found ${found}`);
  }
}

/** Whether the one list stands in the other, in that order, with others between. */
function isWithin(some: readonly string[], all: readonly string[]): boolean {
  let found = 0;
  for (const one of all) if (one === some[found]) found++;
  return found === some.length;
}

async function readBody(
  record: CallRecord,
  response: Response,
  ledger: Ledger,
): Promise<'answered' | 'left' | 'forgotten'> {
  const { plan, host } = record;
  const { reader, id } = plan;
  const isEcho = plan.answer.kind === 'echo';
  const check = new ContentCheck(id, isEcho ? 'up' : 'down');
  const take = (piece: Uint8Array) => {
    if (check.isNext(piece)) return;
    ledger.violate('wrong answer', `call ${id} got other bytes near ${check.length}`);
  };
  if (reader.kind === 'forget') return 'forgotten';
  if (reader.kind === 'whole') {
    record.waitsSince = ledger.now;
    take(await response.bytes());
  } else {
    const pieces = response.body[Symbol.asyncIterator]();
    for (;;) {
      record.waitsSince = ledger.now;
      const { done, value } = await pieces.next();
      if (done === true) break;
      take(value);
      if (reader.kind === 'leave' && check.length >= reader.leaveAfter) {
        await pieces.return?.();
        return 'left';
      }
      if (reader.gapMs > 0) await host.sleep(reader.gapMs);
    }
  }
  checkEnd(record, response, check.length, ledger);
  return 'answered';
}

function checkEnd({ plan }: CallRecord, response: Response, length: number, ledger: Ledger): void {
  const { id, answer, upload } = plan;
  const body = answer.kind === 'throw' || !hasBody(plan) ? undefined : answer.body;
  const expected = answer.kind === 'echo' ? (upload?.bytes ?? 0) : (body?.bytes ?? 0);
  const failed = body?.failsAt !== undefined;
  if (length !== expected || failed) {
    const what = failed ? 'a source that failed' : `${expected} bytes`;
    ledger.violate('body cut short', `call ${id} got ${length} bytes and an end, of ${what}`);
  }
  const hasTrailers =
    body?.trailers === true || (answer.kind === 'echo' && upload?.trailers === true);
  checkTrailers(id, response, hasTrailers, ledger);
}

/** Holds trailers to what they must be. */
export function checkTrailers(
  id: number,
  message: Response | Request,
  expected: boolean,
  ledger: Ledger,
): void {
  const found = message.trailers?.raw.join('|') ?? '';
  const wanted = expected ? Object.entries(trailersOf(id)).flat().join('|') : '';
  if (found === wanted) return;
  ledger.violate('wrong answer', `call ${id} expected trailers "${wanted}" and found "${found}"`);
}
