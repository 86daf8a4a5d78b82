import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { type Resolver, RetryBudget, systemClock, systemResolver } from '@tp/transport';
import { isTpError } from '@tp/wire';
import type { GroupConfig, MemberConfig } from '../config/config.ts';
import type { Upstream } from '../exchange.ts';
import { Balance } from './balance.ts';
import { watchHealth } from './health-check.ts';
import { type OpenedUpstream, openHttpMember, openLinkMembers } from './open-upstreams.ts';
import { watchName } from './watch-name.ts';

/** Attempts beyond the first that a group allows a second, beside its share. */
const RETRIES_A_SECOND = 10;

/** How the names of HTTP members are resolved. */
export interface Naming {
  readonly resolver: Resolver;
  /** How often, in ms, by +-25 %. */
  readonly intervalMs: number;
}

/** As other programs here resolve them, every 30 s. */
export const SYSTEM_NAMING: Naming = { resolver: systemResolver, intervalMs: 30_000 };

/** What a group needs beside its configuration. */
export interface GroupContext {
  readonly drainTimeoutMs: number;
  readonly naming: Naming;
  /** Told of upstreams that end while the group goes on, and when they have ended. */
  readonly retire: (upstream: Upstream, end: Promise<void>) => void;
}

/** Upstreams that are equal to each other, and what chooses among them. */
export class Group {
  readonly name: string;
  readonly balance: Balance;
  readonly failureStatuses: ReadonlySet<number>;
  /** Requests that were sent here, for the budget of retries. */
  requests = 0;
  readonly #context: GroupContext;
  readonly #links: readonly OpenedUpstream[];
  /** The upstreams of each HTTP member, by the address that its name stands for; "" for the name itself. */
  readonly #origins = new Map<MemberConfig, ReadonlyMap<string, OpenedUpstream>>();
  readonly #budget: RetryBudget;
  readonly #names: (() => void)[] = [];
  readonly #checks = new Map<Upstream, () => void>();
  #config: GroupConfig;

  /** @throws {TpError} INVALID_ARGUMENT for what its upstreams cannot be. */
  constructor(config: GroupConfig, context: GroupContext) {
    this.#config = config;
    this.#context = context;
    this.name = config.name;
    this.failureStatuses = new Set(config.failureStatuses);
    this.#links = openLinkMembers(config, context.drainTimeoutMs);
    const { panicThreshold, slowStartMs, ejectMs, retryPercent } = config;
    this.balance = new Balance([], { panicThreshold, slowStartMs, ejection: { ejectMs } });
    this.#budget = new RetryBudget(systemClock, retryPercent, RETRIES_A_SECOND);
    for (const member of config.members) this.#origins.set(member, this.#open(member, ['']));
    this.balance.use(this.#opened);
    const { resolver, intervalMs } = context.naming;
    for (const member of config.members) {
      const { address } = member;
      if (address.kind !== 'http' || isIP(address.host) !== 0) continue;
      const found = (hosts: readonly string[]): void => this.#resolved(member, hosts);
      this.#names.push(watchName(address.host, resolver, intervalMs, found));
    }
  }

  get upstreams(): readonly Upstream[] {
    return this.balance.members.map(({ upstream }) => upstream);
  }

  /** When a request that no member could take may do better, in ms, as far as can be known. */
  betterInMs(): number {
    const { health } = this.#config;
    return this.balance.betterInMs(health === undefined ? 0 : health.intervalMs * health.healthy);
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
    for (const stop of this.#names) stop();
    for (const stop of this.#checks.values()) stop();
    this.balance.stop();
    await Promise.all(this.upstreams.map((upstream) => upstream.close()));
  }

  get #opened(): readonly OpenedUpstream[] {
    const origins = Array.from(this.#origins.values(), (byHost) => {
      const opened = [...byHost.values()];
      return opened.map((one) => ({ ...one, weight: one.weight / opened.length }));
    });
    return [...origins.flat(), ...this.#links];
  }

  /** A name that stands for one address is left to whoever connects, which asks each time. */
  #resolved(member: MemberConfig, hosts: readonly string[]): void {
    const before = this.#origins.get(member);
    const next = this.#open(member, hosts.length > 1 ? hosts : [''], before);
    this.#origins.set(member, next);
    this.balance.use(this.#opened);
    for (const [host, { upstream }] of before ?? []) {
      if (next.has(host)) continue;
      this.#checks.get(upstream)?.();
      this.#checks.delete(upstream);
      this.#context.retire(upstream, upstream.close());
    }
  }

  /** The upstreams of a member at some hosts, those that there are already among them. */
  #open(
    member: MemberConfig,
    hosts: readonly string[],
    before?: ReadonlyMap<string, OpenedUpstream>,
  ): Map<string, OpenedUpstream> {
    const byHost = new Map<string, OpenedUpstream>();
    for (const host of hosts) {
      const known = before?.get(host);
      const opened = known ?? openHttpMember(member, this.#config, host === '' ? undefined : host);
      if (opened === undefined) continue;
      byHost.set(host, opened);
      if (known === undefined) this.#check(opened);
    }
    return byHost;
  }

  #check({ upstream, target }: OpenedUpstream): void {
    const { health } = this.#config;
    if (health === undefined || target === undefined) return;
    const changed = (isUp: boolean): void => this.balance.checked(upstream, isUp);
    this.#checks.set(upstream, watchHealth(target, health, changed));
  }
}
