import type { EjectionOptions } from './ejection-options.ts';
import { FailureWindow } from './failure-window.ts';

/** What was measured counts for about so long, in ms. */
const MEMORY_MS = 10_000;
/** A figure that is no older, in ms, is read as it stands. */
const FRESH_MS = 500;
/** What a failed call is taken to cost, in ms. Failing fast must not look fast. */
const FAILURE_MS = 1_000;
/** One call's part in the share of failures that the cost goes by. */
const ONE_CALL = 1 / 64;
/** Shorter times, in ms, are below what clocks can tell. */
const LEAST_MS = 0.01;

/** How a peer stands with the pool: all its calls, none, or a few to see whether it is well again. */
type Standing = 'well' | 'ejected' | 'probed';

/**
 * How well a peer answers: what a call to it costs in time, with failures counted as slow, and how
 * many fail. Answers are merely counted; the rest is worked out for one call in a batch, and for each
 * that fails.
 */
export class PeerHealth {
  /** Calls that were answered, as a counter of 32 bits that wraps. */
  answers = 0;
  /** Calls that failed and links that were lost. */
  failures = 0;
  /** How often the peer was ejected. */
  ejections = 0;
  standing: Standing = 'well';
  readonly #window: FailureWindow;
  #latencyMs = 0;
  /** Moving share of calls that failed, 0 to 1. */
  #failing = 0;
  #costMs = 0;
  #measuredAt = 0;
  #answersThen = 0;
  #answersAtFailure = 0;
  #failuresInRow = 0;
  #failingSince = 0;
  #answersAtReturn = 0;
  readonly #probes: number;

  constructor(ejection: EjectionOptions) {
    this.#window = new FailureWindow(ejection.windowMs);
    this.#probes = ejection.probes;
  }

  /** A call took so long from its batch's beginning to its answer, in ms. */
  answered(ms: number, now: number): void {
    const kept = this.#age(now);
    this.#window.roll(this.answers, now);
    const took = Math.max(ms, LEAST_MS);
    this.#latencyMs = took > this.#latencyMs ? took : took + (this.#latencyMs - took) * kept;
    this.#weigh();
  }

  /** A call was given up after so long, in ms: it would have taken longer yet. */
  gaveUp(ms: number, now: number): void {
    if (ms > this.#latencyMs) this.answered(ms, now);
  }

  /** A call has failed, or a link with all its calls. */
  failed(now: number): void {
    this.#age(now);
    this.#failing += (1 - this.#failing) * ONE_CALL;
    this.#weigh();
    this.failures++;
    if (this.failuresInRow === 0) this.#failingSince = now;
    this.#failuresInRow = this.failuresInRow + 1;
    this.#answersAtFailure = this.answers;
    this.#window.add(this.answers, now);
  }

  /** Failures since the last answer. */
  get failuresInRow(): number {
    return this.answers === this.#answersAtFailure ? this.#failuresInRow : 0;
  }

  /** For how long there was none, in ms; 0 while the last call was answered. */
  failingMs(now: number): number {
    return this.failuresInRow === 0 ? 0 : now - this.#failingSince;
  }

  /** What a call is expected to cost, in ms; 0 when nothing is known. It falls with time, so that all are tried again. */
  costMs(now: number): number {
    const age = now - this.#measuredAt;
    return age < FRESH_MS ? this.#costMs : this.#costMs * Math.exp(-age / MEMORY_MS);
  }

  /** How long calls took of late, in ms; undefined when none was measured. */
  get latencyMs(): number | undefined {
    return this.#latencyMs === 0 ? undefined : this.#latencyMs;
  }

  /** Calls that have ended of late. */
  recentCalls(now: number): number {
    return this.#window.calls(this.answers, now);
  }

  /** Those of them that failed. */
  recentFailures(now: number): number {
    return this.#window.failures(this.answers, now);
  }

  /** The peer is let back after an ejection: what was measured before no longer counts. */
  letBack(): void {
    this.standing = 'probed';
    this.#answersAtReturn = this.answers;
    this.#latencyMs = 0;
    this.#failing = 0;
    this.#failuresInRow = 0;
    this.#weigh();
  }

  /** Several calls in a row took no longer than this, in ms: what was measured before no longer counts. */
  recovered(ms: number, now: number): void {
    this.#age(now);
    this.#latencyMs = Math.max(ms, LEAST_MS);
    this.#failing = 0;
    this.#weigh();
  }

  /** Whether it is still to be probed: not once it has answered enough calls. */
  isProbed(): boolean {
    if (this.standing !== 'probed') return false;
    if (((this.answers - this.#answersAtReturn) | 0) < this.#probes) return true;
    this.standing = 'well';
    return false;
  }

  /** Lets the share of failures fall by the answers since and by time; gives how much of the past counts. */
  #age(now: number): number {
    const kept = Math.exp((this.#measuredAt - now) / MEMORY_MS);
    const answered = (this.answers - this.#answersThen) | 0;
    if (this.#failing > 0) this.#failing *= kept * (1 - ONE_CALL) ** answered;
    this.#measuredAt = now;
    this.#answersThen = this.answers;
    return kept;
  }

  #weigh(): void {
    this.#costMs = this.#latencyMs + this.#failing * FAILURE_MS;
  }
}
