import { type Handler, type Request, type ResponseInit, TpError } from '@tp/http';
import type { Host } from '../world/host.ts';
import { type CallPlan, hasBody } from './call-plan.ts';
import { answerFields, bodyOf, checkTrailers, requestFields, trailersOf } from './caller.ts';
import { ContentCheck } from './content.ts';
import type { Ledger } from './ledger.ts';
import { TrackedSource } from './tracked-source.ts';

/** What a handler throws that is to fail. */
export class HandlerFailure extends Error {}

/** A handler that does with each call what its plan says, and tells the ledger. */
export function planHandler(host: Host, ledger: Ledger): Handler {
  return async (request) => {
    const record = ledger.calls.get(Number(request.path.slice('/call/'.length)));
    if (record === undefined) {
      ledger.violate(
        'wrong request',
        `a handler was given ${request.path}, which nobody asked for`,
      );
      return { status: 500 };
    }
    const run = ledger.enter(record, host);
    try {
      const answer = await handle(record.plan, request, host, ledger);
      ledger.leave(run, 'answers');
      return answer;
    } catch (error) {
      ledger.leave(run, `throws: ${String(error)}`);
      throw error;
    }
  };
}

async function handle(
  plan: CallPlan,
  request: Request,
  host: Host,
  ledger: Ledger,
): Promise<ResponseInit> {
  const { answer, id } = plan;
  checkRequest(plan, request, ledger);
  for (let i = 0; i < answer.informs; i++) request.inform(103, { 'x-inform': String(i) });
  if (answer.kind === 'hold') return await untilStopped(request);
  if (answer.kind === 'plain') await readUpload(plan, request, host, ledger);
  if (answer.delayMs > 0) await host.sleep(answer.delayMs);
  if (answer.kind === 'throw') throw new HandlerFailure(`call ${id} fails as planned`);
  if (answer.kind === 'refuse') {
    throw new TpError({ code: 'OVERLOADED', message: 'refused as planned', processed: 'no' });
  }
  const [, down] = plan.windows;
  const window = down === undefined ? {} : { window: down };
  const head = { status: answer.status, headers: answerFields(plan), ...window };
  if (answer.kind === 'echo') return { ...head, ...echoOf(plan, request, host, ledger) };
  if (answer.body === undefined) return head;
  if (!hasBody(plan) && answer.body.how === 'whole') return head;
  const body = bodyOf(id, 'down', answer.body, host, ledger);
  const trailers = answer.body.trailers ? { trailers: () => trailersOf(id) } : {};
  return { ...head, body, ...trailers };
}

function checkRequest(plan: CallPlan, request: Request, ledger: Ledger): void {
  const found = [request.method, request.oneWay === true, ...request.headers.raw].join('|');
  const wanted = [plan.method, plan.oneWay, ...requestFields(plan)].join('|');
  if (found === wanted) return;
  ledger.violate('wrong request', `call ${plan.id} expected ${wanted} and found ${found}`);
}

function untilStopped({ signal }: Request): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

async function readUpload(
  plan: CallPlan,
  request: Request,
  host: Host,
  ledger: Ledger,
): Promise<void> {
  const check = new ContentCheck(plan.id, 'up');
  if (plan.answer.readGapMs === 0) take(plan, check, await request.bytes(), ledger);
  else {
    for await (const piece of request.body) {
      take(plan, check, piece, ledger);
      await host.sleep(plan.answer.readGapMs);
    }
  }
  checkUpload(plan, request, check, ledger);
}

function take(plan: CallPlan, check: ContentCheck, piece: Uint8Array, ledger: Ledger): void {
  if (check.isNext(piece)) return;
  ledger.violate('wrong request', `call ${plan.id} brought other bytes near ${check.length}`);
}

/** The upload has ended without an error: it must be whole. */
function checkUpload(
  { id, upload }: CallPlan,
  request: Request,
  check: ContentCheck,
  ledger: Ledger,
): void {
  const expected = upload?.bytes ?? 0;
  if (check.length !== expected || upload?.failsAt !== undefined) {
    ledger.violate('body cut short', `call ${id} brought ${check.length} of ${expected} bytes`);
  }
  checkTrailers(id, request, upload?.trailers === true, ledger);
}

/** What comes, sent back as it comes. */
function echoOf(plan: CallPlan, request: Request, host: Host, ledger: Ledger) {
  const check = new ContentCheck(plan.id, 'up');
  const pieces = request.body[Symbol.asyncIterator]();
  const next = async () => {
    const { done, value } = await pieces.next();
    if (done === true) {
      checkUpload(plan, request, check, ledger);
      return undefined;
    }
    take(plan, check, value, ledger);
    return value;
  };
  const stop = () => void pieces.return?.();
  const body = new TrackedSource(`the echo of call ${plan.id}`, host, ledger, next, stop);
  return plan.upload?.trailers === true ? { body, trailers: () => trailersOf(plan.id) } : { body };
}
