import { isTpError, type TpError } from '@tp/wire';
import type { Clock } from '../clock.ts';
import type { CallInit } from './call-init.ts';
import { type CallOwner, ClientCall, type Settle } from './client-call.ts';

/** What hedging asks of the pool. */
export interface HedgeOwner extends CallOwner {
  /** Gives a second attempt to another link than the first's. False when there is none, or no budget. */
  hedge(second: ClientCall, first: ClientCall): boolean;
}

/** Whether a call may be hedged: two attempts must do no more than one, and both need the whole request. */
export function canHedge(init: CallInit): boolean {
  return init.idempotent === true && init.stream === undefined;
}

/**
 * Makes a call of which a second attempt is sent when no head has come after so many ms. The first
 * answer counts, and the other attempt is cancelled; so is what `signal` and deadline end.
 */
export function hedgedCall(
  init: CallInit,
  owner: HedgeOwner,
  clock: Clock,
  afterMs: number,
  open: (call: ClientCall) => unknown,
  settle: Settle,
): ClientCall {
  return new Hedge(init, owner, clock, afterMs, open, settle).first;
}

class Hedge implements CallOwner {
  readonly first: ClientCall;
  #second: ClientCall | undefined;
  #winner: ClientCall | undefined;
  #standing = 1;
  readonly #init: CallInit;
  readonly #owner: HedgeOwner;
  readonly #open: (call: ClientCall) => unknown;
  readonly #settle: Settle;
  readonly #timer: { clear(): void };

  constructor(
    init: CallInit,
    owner: HedgeOwner,
    clock: Clock,
    afterMs: number,
    open: (call: ClientCall) => unknown,
    settle: Settle,
  ) {
    this.#init = init;
    this.#owner = owner;
    this.#open = open;
    this.#settle = settle;
    this.first = this.#attempt();
    this.#timer = clock.after(afterMs, () => this.#hedge());
  }

  /** An attempt that has failed beside another is not repeated; the last one may be. */
  retry(call: ClientCall, error: TpError, linkEnded: boolean): boolean {
    return this.#beside(call) === undefined && this.#owner.retry(call, error, linkEnded);
  }

  done(): void {
    if (--this.#standing === 0) this.#owner.done();
  }

  #attempt(): ClientCall {
    const call: ClientCall = new ClientCall(
      this.#init,
      this,
      (answered) => this.#won(answered),
      this.#settle.resolve,
      (error) => this.#lost(call, error),
    );
    return call;
  }

  #hedge(): void {
    const second = this.#attempt();
    this.#standing++;
    this.#second = second;
    if (this.#owner.hedge(second, this.first)) return;
    this.#second = undefined;
    second.giveUp();
  }

  #won(call: ClientCall): unknown {
    this.#winner = call;
    this.#timer.clear();
    this.#beside(call)?.giveUp();
    return this.#open(call);
  }

  /** An attempt has failed, or what `open` made of the answer has. */
  #lost(call: ClientCall, error: unknown): void {
    const other = this.#beside(call);
    if (this.#winner !== undefined) {
      if (this.#winner === call) this.#settle.reject(error);
    } else if (other !== undefined) {
      other.attempts += call.attempts;
      if (!isTpError(error) || error.processed !== 'no') other.doubtful = true;
    } else {
      this.#timer.clear();
      this.#settle.reject(error);
    }
  }

  /** The other attempt, while it stands. */
  #beside(call: ClientCall): ClientCall | undefined {
    const other = call === this.first ? this.#second : this.first;
    return other === undefined || other.over ? undefined : other;
  }
}
