import { isTpError, type TpError } from '@tp/http';
import type { Host } from '../world/host.ts';
import type { World } from '../world/world.ts';
import { type CallPlan, mayRepeat } from './call-plan.ts';
import type { TrackedSource } from './tracked-source.ts';
import type { Violation, ViolationKind } from './violation.ts';

/** One run of a handler. */
export interface Run {
  readonly record: CallRecord;
  readonly host: Host;
  readonly startedAt: number;
  endedAt: number | undefined;
}

/** How a call ended, as its caller saw it. */
export type Outcome =
  | { readonly how: 'answered' | 'left' | 'forgotten' | 'sent' }
  | { readonly how: 'failed'; readonly code: string; readonly processed: TpError['processed'] };

/** What is known of a call. */
export interface CallRecord {
  readonly plan: CallPlan;
  readonly host: Host;
  readonly startedAt: number;
  headAt: number | undefined;
  /** When its caller began to wait for what it waits for now. */
  waitsSince: number;
  abortedAt: number | undefined;
  endedAt: number | undefined;
  outcome: Outcome | undefined;
  readonly runs: Run[];
  /** What the 1xx heads said that came before the answer. */
  readonly informed: string[];
}

/** Timers have a resolution of 8 ms and are cut to whole ones. */
const TOLERANCE_MS = 9;

/** What happened in a history, and what of that must not have. */
export class Ledger {
  readonly violations: Violation[] = [];
  readonly calls = new Map<number, CallRecord>();
  readonly runs: Run[] = [];
  readonly sources: TrackedSource[] = [];
  readonly #world: World;
  #onEnd: (() => void) | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Virtual ms. */
  get now(): number {
    return this.#world.now;
  }

  /** Notes that a promise was broken. */
  violate(kind: ViolationKind, what: string): void {
    this.#world.say('VIOLATION', `${kind}: ${what}`);
    this.violations.push({ kind, what, at: this.#world.now });
  }

  begin(plan: CallPlan, host: Host): CallRecord {
    const now = this.#world.now;
    const record: CallRecord = {
      plan,
      host,
      startedAt: now,
      headAt: undefined,
      waitsSince: now,
      abortedAt: undefined,
      endedAt: undefined,
      outcome: undefined,
      runs: [],
      informed: [],
    };
    this.calls.set(plan.id, record);
    const limit = plan.deadlineMs === undefined ? '' : `, within ${plan.deadlineMs.toFixed(1)} ms`;
    this.#world.say(host.name, `call ${plan.id}: ${plan.method} ${plan.answer.kind}${limit}`);
    return record;
  }

  /** A handler was given the request of a call. */
  enter(record: CallRecord, host: Host): Run {
    const run: Run = { record, host, startedAt: this.#world.now, endedAt: undefined };
    this.#world.say(host.name, `call ${record.plan.id}: handler starts`);
    this.runs.push(run);
    record.runs.push(run);
    if (record.runs.length > 1 && !mayRepeat(record.plan) && !refuses(record.plan)) {
      this.violate('ran twice', `call ${record.plan.id} (${record.plan.method}) was handled again`);
    }
    return run;
  }

  leave(run: Run, how: string): void {
    run.endedAt = this.#world.now;
    this.#world.say(run.host.name, `call ${run.record.plan.id}: handler ${how}`);
  }

  /** The answer's head is there. */
  answered(record: CallRecord, status: number): void {
    record.headAt = this.#world.now;
    this.#world.say(record.host.name, `call ${record.plan.id}: status ${status}`);
    this.#checkTime(record);
  }

  /** The caller has all that it wants. */
  complete(record: CallRecord, how: 'answered' | 'left' | 'forgotten' | 'sent'): void {
    this.#end(record, { how }, how);
  }

  /** The call has failed, before or in the answer's body. */
  failed(record: CallRecord, error: unknown): void {
    const { id } = record.plan;
    if (!isTpError(error)) {
      this.violate('exception', `call ${id} failed with ${String(error)}, which is no TpError`);
      this.#end(record, { how: 'failed', code: 'none', processed: 'maybe' }, 'failed');
      return;
    }
    const { code, processed, message } = error;
    const due = record.startedAt + (record.plan.deadlineMs ?? Number.POSITIVE_INFINITY);
    if (code === 'DEADLINE' && this.#world.now < due) {
      this.violate('early', `call ${id} failed for its deadline ${due - this.#world.now} ms early`);
    }
    this.#end(
      record,
      { how: 'failed', code, processed },
      `failed: ${code}, processed ${processed}: ${message}`,
    );
  }

  /** Resolves when every call that still can end has. */
  async allEnded(): Promise<void> {
    while (this.open.length > 0) {
      await new Promise<void>((resolve) => {
        this.#onEnd = resolve;
      });
    }
  }

  /** Calls that have not ended, of processes that live. */
  get open(): CallRecord[] {
    return [...this.calls.values()].filter(
      ({ endedAt, host }) => endedAt === undefined && host.alive,
    );
  }

  /** A process was killed: nobody waits for its calls. */
  killed(): void {
    this.#onEnd?.();
  }

  #end(record: CallRecord, outcome: Outcome, what: string): void {
    const { id } = record.plan;
    if (record.outcome !== undefined) this.violate('wrong answer', `call ${id} ended twice`);
    record.endedAt = this.#world.now;
    record.outcome = outcome;
    this.#world.say(record.host.name, `call ${id}: ${what}`);
    this.#checkTime(record);
    this.#onEnd?.();
  }

  /** What the caller waited for came in time: by its deadline, and at once when it aborted. */
  #checkTime({ plan, host, startedAt, waitsSince, abortedAt }: CallRecord): void {
    const now = this.#world.now;
    const due = startedAt + (plan.deadlineMs ?? Number.POSITIVE_INFINITY);
    const limit = Math.max(due, waitsSince);
    const lateBy = now - limit - host.lagSince(startedAt) - TOLERANCE_MS;
    if (lateBy > 0) this.violate('late', `call ${plan.id} ended ${lateBy} ms behind its deadline`);
    if (abortedAt === undefined) return;
    const abortLate = now - Math.max(abortedAt, waitsSince) - host.lagSince(abortedAt);
    if (abortLate > 0)
      this.violate('late', `call ${plan.id} ended ${abortLate} ms after its abort`);
  }
}

/** Whether a handler says of a call that it did nothing: then it may be handled again. */
export function refuses({ answer }: CallPlan): boolean {
  return answer.kind === 'refuse';
}
