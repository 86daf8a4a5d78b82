import { isDeepStrictEqual } from 'node:util';
import { RetryBudget, systemClock } from '@tp/transport';
import { isTpError } from '@tp/wire';
import type { GroupConfig } from '../config/config.ts';
import type { Upstream } from '../exchange.ts';
import { Balance } from './balance.ts';
import { watchHealth } from './health-check.ts';
import { type OpenedUpstream, openUpstreams } from './open-upstreams.ts';

/** Attempts beyond the first that a group allows a second, beside its share. */
const RETRIES_A_SECOND = 10;

/** Upstreams that are equal to each other, and what chooses among them. */
export class Group {
  readonly name: string;
  readonly balance: Balance;
  readonly upstreams: readonly Upstream[];
  readonly failureStatuses: ReadonlySet<number>;
  /** Requests that were sent here, for the budget of retries. */
  requests = 0;
  readonly #opened: readonly OpenedUpstream[];
  readonly #budget: RetryBudget;
  readonly #stops: (() => void)[] = [];
  #config: GroupConfig;

  /** @throws {TpError} INVALID_ARGUMENT for what its upstreams cannot be. */
  constructor(config: GroupConfig, drainTimeoutMs: number) {
    this.#config = config;
    this.name = config.name;
    this.failureStatuses = new Set(config.failureStatuses);
    this.#opened = openUpstreams(config, drainTimeoutMs);
    this.upstreams = this.#opened.map(({ upstream }) => upstream);
    const { panicThreshold, slowStartMs, ejectMs, health } = config;
    const ejection = { ejectMs };
    this.balance = new Balance(this.#opened, { panicThreshold, slowStartMs, ejection });
    this.#budget = new RetryBudget(systemClock, config.retryPercent, RETRIES_A_SECOND);
    if (health === undefined) return;
    for (const { upstream, target } of this.#opened) {
      if (target === undefined) continue;
      const changed = (isUp: boolean): void => this.balance.checked(upstream, isUp);
      this.#stops.push(watchHealth(target, health, changed));
    }
  }

  /** Takes a further attempt out of the budget; false when there is none left. */
  mayRetry(): boolean {
    return this.#budget.take(this.requests);
  }

  /**
   * Goes on with another configuration, where that takes no new upstreams: one that is the same, or
   * other certificates for links.
   *
   * @returns false when a new group is needed.
   */
  take(config: GroupConfig): boolean {
    const { tls, ...rest } = config;
    const { tls: oldTls, ...oldRest } = this.#config;
    if (!isDeepStrictEqual(rest, oldRest)) return false;
    if (isDeepStrictEqual(tls, oldTls)) return true;
    if (this.upstreams.some((upstream) => upstream.reloadTls === undefined)) return false;
    try {
      for (const upstream of this.upstreams) upstream.reloadTls?.(tls);
    } catch (error) {
      if (isTpError(error)) return false;
      throw error;
    }
    this.#config = config;
    return true;
  }

  /** Closes what is idle now, and the rest when it is done. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.balance.stop();
    await Promise.all(this.upstreams.map((upstream) => upstream.close()));
  }
}
