import type { TransportStats } from '@tp/http';
import { DEFAULT_LINK_LIMITS } from '@tp/transport';
import type { Faults } from './faults.ts';
import { type CallRecord, type Ledger, type Outcome, refuses } from './ledger.ts';
import type { ClientPlace, ServerPlace, Stage } from './peers.ts';

/** Errors that say that something else than the network was at fault. */
const FLAWS = [
  'PROTOCOL',
  'FLOW_CONTROL',
  'COMPRESSION',
  'DECOMPRESSION_LIMIT',
  'CHECKSUM',
  'HEAD_LIMIT',
  'BODY_LENGTH',
  'INVALID_ARGUMENT',
];

/** Holds a history to what it promises, when it is over. */
export class Checks {
  readonly #stage: Stage;
  readonly #ledger: Ledger;
  readonly #faults: Faults;
  readonly #servers: readonly ServerPlace[];
  readonly #clients: readonly ClientPlace[];

  constructor(
    stage: Stage,
    faults: Faults,
    servers: readonly ServerPlace[],
    clients: readonly ClientPlace[],
  ) {
    this.#stage = stage;
    this.#ledger = stage.ledger;
    this.#faults = faults;
    this.#servers = servers;
    this.#clients = clients;
  }

  /** Calls by how they ended. */
  outcomes(): Map<string, number> {
    const outcomes = new Map<string, number>();
    for (const { outcome, host } of this.#ledger.calls.values()) {
      const name = outcome === undefined ? (host.alive ? 'open' : 'caller killed') : named(outcome);
      outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    }
    return outcomes;
  }

  /** Every call must have ended by now. */
  callsEnded(): void {
    for (const { plan, headAt } of this.#ledger.open) {
      const where =
        headAt === undefined ? 'waits for its answer' : 'waits for the rest of its answer';
      this.#ledger.violate('never ended', `call ${plan.id} ${where}`);
    }
  }

  /** Nothing is under way any more: nothing may be left of it. */
  settled(): void {
    for (const { host, startedAt, endedAt, record } of this.#ledger.runs) {
      if (endedAt !== undefined || !host.alive) continue;
      this.#ledger.violate(
        'handler left',
        `the handler of call ${record.plan.id} runs since ${this.#ledger.now - startedAt} ms`,
      );
    }
    for (const { name, host, released } of this.#ledger.sources) {
      if (released || !host.alive) continue;
      this.#ledger.violate('source left', `${name} was neither read to its end nor stopped`);
    }
    for (const record of this.#ledger.calls.values()) this.#checkOutcome(record);
    this.#checkCredit();
    for (const { host, peer } of this.#living()) {
      const { pending, queueBytes, limitHits } = peer.stats();
      if (pending > 0) this.#ledger.violate('work left', `${host.name} has ${pending} pending`);
      if (queueBytes > 0) this.#ledger.violate('work left', `${host.name} has ${queueBytes} bytes`);
      this.#checkHits(host.name, limitHits);
      if ('pending' in peer && peer.pending > 0) {
        this.#ledger.violate('work left', `${host.name} has ${peer.pending} calls pending`);
      }
    }
  }

  /**
   * All bodies have ended, so all of a link's credit has come back, but for less than half of it that
   * is still to be granted; and what one end may send is what the other lets it.
   */
  #checkCredit(): void {
    const sent: number[] = [];
    const received: number[] = [];
    for (const { host, peer, limits } of this.#living()) {
      for (const { receiveCredit: receive, sendCredit } of peer.stats().links) {
        sent.push(sendCredit);
        received.push(receive);
        const window = limits.linkWindow ?? DEFAULT_LINK_LIMITS.linkWindow;
        if (receive > window / 2) continue;
        this.#ledger.violate('credit lost', `${host.name} grants ${receive} of ${window} bytes`);
      }
    }
    const [ours, theirs] = [sent, received].map((all) => all.sort((a, b) => a - b).join());
    if (ours === theirs || this.#hasHalfLinks()) return;
    this.#ledger.violate('credit lost', `links may send ${ours} and are granted ${theirs} bytes`);
  }

  /** All is closed: nothing may be left at all. */
  closed(): void {
    for (const { host, hasClosed } of this.#living()) {
      if (!hasClosed) this.#ledger.violate('close hangs', `${host.name} has not closed`);
      for (const timer of host.timers) {
        this.#ledger.violate('timer left', `${host.name} still waits: ${timer}`);
      }
    }
    for (const { dialer, acceptor } of this.#stage.network.connections) {
      for (const end of [dialer, acceptor]) {
        if (end.closed || end.isNobodys || !end.host.alive) continue;
        this.#ledger.violate('link left', `${end.host.name} holds a connection to ${end.remote}`);
      }
    }
  }

  #checkOutcome(record: CallRecord): void {
    const { plan, outcome, runs } = record;
    if (outcome === undefined) return;
    const { gentle } = this.#stage.scene;
    if (outcome.how === 'sent' && runs.length === 0 && gentle && !this.#isLeft()) {
      this.#ledger.violate(
        'call failed',
        `call ${plan.id} was sent and not handled, for no reason`,
      );
    }
    if (outcome.how !== 'failed') return;
    const { code, processed } = outcome;
    if (processed === 'no' && runs.length > 0 && !refuses(plan)) {
      this.#untrue(record, 'but a handler ran for it');
    }
    if (processed === 'yes' && runs.length === 0) this.#untrue(record, 'but no handler ran for it');
    if (plan.oneWay && processed !== 'no') this.#untrue(record, 'of a request that was not sent');
    if (gentle && !isRefusedUpload(record)) {
      this.#ledger.violate('call failed', `call ${plan.id}: ${named(outcome)}, for no reason`);
    } else if (!this.#isCause(record, code)) {
      this.#ledger.violate('error without cause', `call ${plan.id}: ${named(outcome)}`);
    }
  }

  /** Whether links were left while they were used: what is sent one way may be lost then. */
  #isLeft(): boolean {
    return this.#faults.has('restart server') || this.#faults.has('names change');
  }

  #untrue({ plan, outcome }: CallRecord, why: string): void {
    const what = outcome === undefined ? '' : named(outcome);
    this.#ledger.violate('untrue processed', `call ${plan.id}: ${what}, ${why}`);
  }

  /** Whether something was done that explains an error. */
  #isCause({ plan, abortedAt, headAt }: CallRecord, code: string): boolean {
    const { tight } = this.#stage.scene;
    if (this.#faults.hasFlipped) return true;
    switch (code) {
      case 'DEADLINE':
        return plan.deadlineMs !== undefined;
      case 'CANCEL': {
        const closes = this.#faults.has('restart server') || this.#faults.has('restart client');
        return abortedAt !== undefined || plan.upload?.failsAt !== undefined || closes;
      }
      case 'INTERNAL':
        return plan.answer.body?.failsAt !== undefined && headAt !== undefined;
      case 'OVERLOADED':
        return plan.answer.kind === 'refuse';
      case 'OVERFLOW':
      case 'REFUSED':
      case 'BODY_LIMIT':
      case 'ENHANCE_YOUR_CALM':
        return tight;
      default:
        return ['LINK_LOST', 'UNREACHABLE', 'TIMEOUT', 'CLOSED'].includes(code);
    }
  }

  #checkHits(name: string, hits: TransportStats['limitHits']): void {
    if (this.#faults.hasFlipped) return;
    for (const flaw of FLAWS) {
      if (hits.has(flaw))
        this.#ledger.violate('error without cause', `${name} has counted ${flaw}`);
    }
  }

  /** Links that only one end still knows of: those that went silent. */
  #hasHalfLinks(): boolean {
    const links = this.#living().flatMap(({ peer }) => peer.stats().links);
    const clients = links.filter(({ side }) => side === 'client').length;
    return 2 * clients !== links.length;
  }

  /** Every process that was not killed. */
  #living() {
    const processes = [...this.#servers, ...this.#clients].flatMap((place) => [...place.processes]);
    return processes.filter(({ host }) => host.alive);
  }
}

/** A streamed upload cannot be sent again: it may be lost to a server that was about to close. */
function isRefusedUpload({ plan, outcome }: CallRecord): boolean {
  return outcome?.how === 'failed' && outcome.processed === 'no' && plan.upload !== undefined;
}

function named(outcome: Outcome): string {
  return outcome.how === 'failed' ? `${outcome.code} (${outcome.processed})` : outcome.how;
}
