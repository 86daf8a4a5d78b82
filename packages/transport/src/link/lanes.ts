import type { Exchange } from '../exchange/exchange.ts';
import { Fifo } from '../fifo.ts';
import type { Tenant } from '../window/tenants.ts';

/** What goes through one window, in order. */
export interface Lane<Waiting> {
  /** Undefined: the shared window. */
  readonly tenant: Tenant | undefined;
  readonly heads: Fifo<Waiting>;
  /** Streamed bodies that have something to send, in turn. */
  readonly bodies: Fifo<Exchange>;
}

/**
 * The lines of a link, one for each window, as a batch goes through one. Most links have but the shared
 * one; those of tenants are here while something waits in them.
 */
export class Lanes<Waiting> {
  readonly shared: Lane<Waiting> = newLane(undefined);
  /** Those of tenants; who was served goes to the end. */
  readonly #others = new Map<Tenant, Lane<Waiting>>();
  #sharedWasServed = false;
  /** What stands in the shared line now goes behind all heads of the others. */
  sharedIsLast = false;

  /** Whether nothing waits but for the shared window. */
  get isShared(): boolean {
    return this.#others.size === 0;
  }

  /** Whether nothing is in line. */
  get isEmpty(): boolean {
    const { heads, bodies } = this.shared;
    return heads.length === 0 && bodies.length === 0 && this.isShared;
  }

  /** Heads in line. */
  get heads(): number {
    const { length } = this.shared.heads;
    return this.isShared ? length : length + this.#headsOfOthers;
  }

  /** Bodies in line. */
  get bodies(): number {
    let bodies = this.shared.bodies.length;
    if (this.#others.size > 0)
      for (const lane of this.#others.values()) bodies += lane.bodies.length;
    return bodies;
  }

  /** The lane of a tenant. */
  of(tenant: Tenant | undefined): Lane<Waiting> {
    if (tenant === undefined) return this.shared;
    const known = this.#others.get(tenant);
    if (known !== undefined) return known;
    const lane = newLane<Waiting>(tenant);
    this.#others.set(tenant, lane);
    return lane;
  }

  /** All lanes, the one whose turn it is first: each second turn is the shared one's. */
  inTurn(): Lane<Waiting>[] {
    const others = [...this.#others.values()];
    if (this.sharedIsLast) {
      const first = others.filter(({ heads }) => heads.length > 0);
      if (first.length > 0) return first;
    }
    return this.#sharedWasServed ? [...others, this.shared] : [this.shared, ...others];
  }

  /** The lane had its turn; `wrote` says whether it had something to send. */
  served(lane: Lane<Waiting>, wrote: boolean): void {
    const { tenant } = lane;
    if (wrote) this.#sharedWasServed = tenant === undefined;
    if (tenant === undefined) return;
    const isEmpty = lane.heads.length === 0 && lane.bodies.length === 0;
    if (wrote || isEmpty) this.#others.delete(tenant);
    if (wrote && !isEmpty) this.#others.set(tenant, lane);
  }

  /** The one with most heads in line, so that who floods a link is the one who makes room. */
  longest(): Lane<Waiting> {
    let longest = this.shared;
    if (this.isShared) return longest;
    for (const lane of this.#others.values()) {
      if (lane.heads.length > longest.heads.length) longest = lane;
    }
    return longest;
  }

  get #headsOfOthers(): number {
    let heads = 0;
    for (const lane of this.#others.values()) heads += lane.heads.length;
    return heads;
  }

  takeHeads(): Waiting[] {
    const taken: Waiting[] = [];
    for (const { heads } of [this.shared, ...this.#others.values()]) {
      for (let item = heads.shift(); item !== undefined; item = heads.shift()) taken.push(item);
    }
    return taken;
  }

  eachHead(visit: (item: Waiting) => void): void {
    this.shared.heads.each(visit);
    for (const { heads } of this.#others.values()) heads.each(visit);
  }

  /** Gives up room that is not needed while nothing waits. */
  trim(): void {
    this.shared.heads.trim();
    this.shared.bodies.trim();
  }
}

function newLane<Waiting>(tenant: Tenant | undefined): Lane<Waiting> {
  return { tenant, heads: new Fifo<Waiting>(), bodies: new Fifo<Exchange>() };
}
