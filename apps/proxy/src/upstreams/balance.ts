import {
  type Clock,
  DEFAULT_EJECTION,
  Ejection,
  type EjectionOptions,
  PeerHealth,
  systemClock,
} from '@tp/transport';
import type { Upstream } from '../exchange.ts';

/** An upstream among others, as a `Balance` keeps it. */
export interface Member {
  readonly upstream: Upstream;
  /** Its part of the requests in relation to the others. */
  readonly weight: number;
  readonly health: PeerHealth;
  /** Whether active checks say that it is well. */
  isUp: boolean;
  wasEjected: boolean;
  /** When it came back; undefined once it has its full part. */
  backSince: number | undefined;
  /** It gets nothing until then, if another is there; and how long that was, 0 since its last answer. */
  shunnedUntil: number;
  shunnedMs: number;
  /** Since when it gets nothing as it seems slow, and how often it was the worse of two since. */
  usedAt: number;
  passedOver: number;
  /** How long that is to be before it is tried, in ms. */
  tryAfterMs: number;
  /** How it answers the requests that it gets to see whether it is well again; undefined outside of that. */
  trial: Trial | undefined;
}

/** Requests for one that seemed slow, one at a time. */
interface Trial {
  /** Quick answers in a row, and the longest of them in ms. */
  quick: number;
  slowestMs: number;
}

/**
 * How a member stands: its part of the requests (`well`), nothing as its active checks fail (`down`),
 * nothing for a while as too many requests failed (`ejected`) or the latest did (`shunned`), a part that
 * grows (`returning`).
 */
export type Standing = 'well' | 'down' | 'ejected' | 'shunned' | 'returning';

/** How a group chooses. */
export interface BalanceOptions {
  /** When no more than this share of members is well, 0 to 1, all are used. */
  readonly panicThreshold: number;
  /** How long a member that returns takes to get its full part, in ms. */
  readonly slowStartMs: number;
  readonly clock?: Clock;
  /** From 0 to 1. */
  readonly random?: () => number;
  /** Where it differs from the defaults of links. */
  readonly ejection?: Partial<EjectionOptions>;
}

/** What a member gets at the beginning of its slow start. */
const LEAST_SHARE = 0.1;

/** Differences of so many ms come from anywhere. */
const NOISE_MS = 5;

/**
 * One that failed with so many requests in a row gets nothing for a moment, and for twice as long when it fails
 * again: those that are well may be slow, and what fails at once would look better than they.
 */
const SHUN_AFTER = 2;
const SHUN_MS = 500;
const MAX_SHUN_MS = 5_000;

/**
 * One that seems slow would get nothing for as long as that is remembered. It is tried after so long, in
 * ms, twice as long each time that it still is, and only once it was the worse of two so often: at most one
 * request in so many goes to see. It is well again when it has answered a row of them in so small a part of
 * the time that was expected.
 */
const TRY_AFTER_MS = 1_000;
const MAX_TRY_AFTER_MS = 4_000;
const TRY_AFTER = 50;
const QUICK_PART = 0.25;

/**
 * Chooses among the members of a group: the one of two drawn by lot, with weights, where a request
 * is likely to be answered sooner. What becomes of requests takes members out for a while, as it
 * does with the peers of links; so do active checks. A member that returns gets its part bit by bit.
 */
export class Balance {
  #places: readonly Member[] = [];
  readonly #options: BalanceOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #ejection: Ejection<Member>;
  readonly #ejectionOptions: EjectionOptions;
  /** Whom there is to choose from now. */
  #choices: readonly Member[] = [];
  /** Whether some of them are to have a part alone of what would be theirs. */
  #hasPart = false;

  constructor(
    members: readonly { readonly upstream: Upstream; readonly weight: number }[],
    options: BalanceOptions,
  ) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#ejectionOptions = {
      ...DEFAULT_EJECTION,
      maxEjectedShare: 1 - options.panicThreshold,
      ...options.ejection,
    };
    this.#ejection = new Ejection(
      this.#ejectionOptions,
      this.#clock,
      this.#random,
      () => this.#places,
      () => this.#review(),
    );
    this.use(members);
  }

  /** Whom to choose among from now on; those that stay keep what is known of them. */
  use(members: readonly { readonly upstream: Upstream; readonly weight: number }[]): void {
    const before = new Map(this.#places.map((place) => [place.upstream, place]));
    this.#places = members.map(({ upstream, weight }) => {
      const known = before.get(upstream);
      before.delete(upstream);
      return known?.weight === weight ? known : this.#newPlace(upstream, weight, known);
    });
    for (const gone of before.values()) this.#ejection.forget(gone);
    this.#review();
  }

  get members(): readonly Member[] {
    return this.#places;
  }

  /** Whom to send a request to; undefined when all were tried. */
  pick(tried?: ReadonlySet<Member>): Member | undefined {
    if (tried !== undefined) return this.#best(tried);
    const now = this.#clock.now();
    const choices = this.#hasPart ? this.#taking(now) : this.#choices;
    if (choices.length < 2) return choices[0];
    const first = this.#draw(choices, -1);
    const one = choices[first];
    const other = choices[this.#draw(choices, first)];
    if (one === undefined || other === undefined) return one;
    const isOne = this.#isBetter(one, other, now);
    const better = isOne ? one : other;
    const worse = isOne ? other : one;
    worse.passedOver += 1;
    const chosen = isToBeTried(worse, now) ? worse : better;
    if (chosen === worse) worse.trial ??= { quick: 0, slowestMs: 0 };
    chosen.passedOver = 0;
    chosen.usedAt = now;
    return chosen;
  }

  /** A member answered after so long, in ms. */
  answered(member: Member, ms: number): void {
    const now = this.#clock.now();
    member.shunnedMs = 0;
    member.health.answers = (member.health.answers + 1) | 0;
    if (member.trial !== undefined) this.#judge(member, member.trial, ms, now);
    member.health.answered(ms, now);
  }

  /** A request that was given up had taken so long already, in ms. */
  gaveUp(member: Member, ms: number): void {
    member.trial = undefined;
    member.health.gaveUp(ms, this.#clock.now());
  }

  /**
   * A member failed, or answered that it had.
   *
   * @param ofItself whether it says so of itself: one that cannot be reached is shunned at once, one
   *   that failed with a request may do well with the next.
   */
  failed(member: Member, ofItself = true): void {
    const now = this.#clock.now();
    const { health } = member;
    member.trial = undefined;
    health.failed(now);
    if (health.failuresInRow >= (ofItself ? 1 : SHUN_AFTER) && now >= member.shunnedUntil) {
      member.shunnedMs = Math.min(MAX_SHUN_MS, 2 * member.shunnedMs || SHUN_MS);
      member.shunnedUntil = now + member.shunnedMs;
      this.#hasPart = true;
    }
    this.#ejection.failed(member);
  }

  /** Active checks say that an upstream is well or not. */
  checked(upstream: Upstream, isUp: boolean): void {
    for (const place of this.#places) {
      if (place.upstream !== upstream || place.isUp === isUp) continue;
      place.isUp = isUp;
      if (isUp) place.backSince = this.#clock.now();
    }
    this.#review();
  }

  /**
   * Until the first member is to get requests that gets none now, in ms; 0 where one gets some.
   *
   * @param checksMs how long active checks take to find out that one is well again.
   */
  betterInMs(checksMs: number): number {
    const now = this.#clock.now();
    const waits = this.#places.map((place) => {
      const down = place.isUp ? 0 : checksMs;
      const shunned = place.shunnedUntil - now;
      return Math.max(0, down, shunned, this.#ejection.remainingMs(place) ?? 0);
    });
    return waits.length === 0 ? 0 : Math.min(...waits);
  }

  /** What a member gets now, while there is no panic. */
  standing(member: Member): Standing {
    if (!member.isUp) return 'down';
    if (member.health.standing === 'ejected') return 'ejected';
    const part = this.#partOf(member, this.#clock.now());
    if (part === 0) return 'shunned';
    return part < 1 ? 'returning' : 'well';
  }

  /** Whether a member takes requests while there is no panic. */
  isWell(member: Member): boolean {
    return isUsable(member);
  }

  /** No timer runs any more. */
  stop(): void {
    this.#ejection.stop();
  }

  #newPlace(upstream: Upstream, weight: number, before: Member | undefined): Member {
    if (before !== undefined) this.#ejection.forget(before);
    return {
      upstream,
      weight,
      health: new PeerHealth(this.#ejectionOptions),
      isUp: before?.isUp ?? true,
      wasEjected: false,
      backSince: undefined,
      shunnedUntil: Number.NEGATIVE_INFINITY,
      shunnedMs: 0,
      usedAt: this.#clock.now(),
      passedOver: 0,
      tryAfterMs: TRY_AFTER_MS,
      trial: undefined,
    };
  }

  /** One that was tried is well, or to be tried again later. */
  #judge(member: Member, trial: Trial, ms: number, now: number): void {
    if (ms > QUICK_PART * member.health.costMs(now)) {
      member.trial = undefined;
      member.usedAt = now;
      member.passedOver = 0;
      member.tryAfterMs = Math.min(MAX_TRY_AFTER_MS, 2 * member.tryAfterMs);
      return;
    }
    trial.quick += 1;
    trial.slowestMs = Math.max(trial.slowestMs, ms);
    if (trial.quick < this.#ejectionOptions.probes) return;
    member.trial = undefined;
    member.tryAfterMs = TRY_AFTER_MS;
    member.health.recovered(trial.slowestMs, now);
    member.backSince = now;
    this.#hasPart = true;
  }

  #review(): void {
    const now = this.#clock.now();
    for (const place of this.#places) {
      const isEjected = place.health.standing === 'ejected';
      if (place.wasEjected && !isEjected) place.backSince = now;
      place.wasEjected = isEjected;
    }
    const well = this.#places.filter(isUsable);
    const isPanic = well.length <= this.#options.panicThreshold * this.#places.length;
    this.#choices = isPanic || well.length === 0 ? this.#places : well;
    this.#hasPart = this.#choices.some((place) => this.#partOf(place, now) < 1);
  }

  #best(tried: ReadonlySet<Member>): Member | undefined {
    const now = this.#clock.now();
    const bestOf = (places: readonly Member[]): Member | undefined =>
      places
        .filter((place) => !tried.has(place))
        .reduce<Member | undefined>(
          (best, place) => (best === undefined || this.#isBetter(place, best, now) ? place : best),
          undefined,
        );
    return bestOf(this.#taking(now)) ?? bestOf(this.#choices) ?? bestOf(this.#places);
  }

  /** Those to choose from for one request: who is to have a part alone is there so often. */
  #taking(now: number): readonly Member[] {
    this.#hasPart = false;
    const taking = this.#choices.filter((place) => {
      const part = this.#partOf(place, now);
      if (part < 1) this.#hasPart = true;
      return part >= 1 || this.#random() < part;
    });
    return taking.length === 0 ? this.#choices : taking;
  }

  #partOf(place: Member, now: number): number {
    if (now < place.shunnedUntil) return 0;
    if (place.health.isProbed()) return this.#ejectionOptions.probeShare;
    if (place.backSince === undefined) return 1;
    const part = (now - place.backSince) / this.#options.slowStartMs;
    if (part < 1) return Math.max(LEAST_SHARE, part);
    place.backSince = undefined;
    return 1;
  }

  /** The index of a choice, by weight; never that of `except`. */
  #draw(choices: readonly Member[], except: number): number {
    let left = 0;
    for (const [index, { weight }] of choices.entries()) if (index !== except) left += weight;
    let lot = this.#random() * left;
    let last = 0;
    for (const [index, { weight }] of choices.entries()) {
      if (index === except) continue;
      last = index;
      lot -= weight;
      if (lot < 0) break;
    }
    return last;
  }

  /** Of two that are alike, the first. */
  #isBetter(one: Member, other: Member, now: number): boolean {
    const load = one.upstream.pending / one.weight;
    const otherLoad = other.upstream.pending / other.weight;
    const cost = one.health.costMs(now);
    const otherCost = other.health.costMs(now);
    // Who was not measured yet is taken to be as good as the other.
    if (cost === 0 || otherCost === 0 || areAlike(cost, otherCost)) return load <= otherLoad;
    return cost * (load + 1) <= otherCost * (otherLoad + 1);
  }
}

/**
 * Whether what requests cost in ms differs by no more than chance. Weights hold where members are
 * alike; to prefer the faster by a hair would give it all.
 */
function areAlike(cost: number, otherCost: number): boolean {
  const less = Math.min(cost, otherCost) + NOISE_MS;
  const more = Math.max(cost, otherCost) + NOISE_MS;
  return more < 2 * less;
}

/** Whether one that was not chosen is to get this request all the same, to see how it fares. */
function isToBeTried(member: Member, now: number): boolean {
  if (member.upstream.pending > 0) return false;
  if (member.trial !== undefined) return true;
  return member.passedOver >= TRY_AFTER && now - member.usedAt >= member.tryAfterMs;
}

function isUsable(place: Member): boolean {
  return place.isUp && place.health.standing !== 'ejected';
}
