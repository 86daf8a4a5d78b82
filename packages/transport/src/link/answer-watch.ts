import type { ErrorCode } from '@tp/wire';
import type { Clock } from '../clock.ts';
import type { PeerHealth } from '../pool/peer-health.ts';

/** What a peer ends a call with that does not speak well of it. */
const FAILURES: ReadonlySet<ErrorCode> = new Set([
  'INTERNAL',
  'REFUSED',
  'DEADLINE',
  'TIMEOUT',
  'OVERLOADED',
  'UPSTREAM',
  'UNREACHABLE',
]);

/**
 * What becomes of a link's calls, as far as it says how the peer fares: failures are counted, and the
 * time is taken of one call at a time, which is enough.
 */
export class AnswerWatch {
  readonly #health: PeerHealth;
  readonly #clock: Clock;
  readonly #failureStatuses: ReadonlySet<number>;
  readonly #onFailure: () => void;
  /** The call whose time is taken; 0 when there is none. */
  #timedId = 0;
  #timedFrom = 0;

  /** @param onFailure called when a failure was counted. */
  constructor(
    health: PeerHealth,
    clock: Clock,
    failureStatuses: ReadonlySet<number>,
    onFailure: () => void,
  ) {
    this.#health = health;
    this.#clock = clock;
    this.#failureStatuses = failureStatuses;
    this.#onFailure = onFailure;
  }

  /** A call was written, in a batch that was begun at that time. */
  wrote(id: number, at: number): void {
    if (this.#timedId !== 0) return;
    this.#timedId = id;
    this.#timedFrom = at;
  }

  /** Its answer has come. */
  answered(id: number, status: number, now: number): void {
    if (status >= 400 && this.#failureStatuses.has(status)) {
      this.failed();
      return;
    }
    const health = this.#health;
    health.answers = (health.answers + 1) | 0;
    if (id !== this.#timedId) return;
    this.#timedId = 0;
    health.answered(now - this.#timedFrom, now);
  }

  /** The peer has ended it. */
  cancelled(code: ErrorCode): void {
    if (FAILURES.has(code)) this.failed();
  }

  /** It failed for a reason that speaks against the peer. */
  failed(): void {
    this.#health.failed(this.#clock.now());
    this.#onFailure();
  }

  /** It is over, answered or not. */
  forget(id: number): void {
    if (id !== this.#timedId) return;
    this.#timedId = 0;
    const now = this.#clock.now();
    this.#health.gaveUp(now - this.#timedFrom, now);
  }
}
