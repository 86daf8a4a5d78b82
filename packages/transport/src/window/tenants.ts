import type { Codec } from './codec.ts';
import { PackedSide } from './windows.ts';

/**
 * The window that a message goes through. `shared`: the link's, with all others: the best ratio. `off`:
 * none. `isolated`: one for messages with this key alone (a tenant's name, say), so that what others
 * send changes no length of theirs.
 */
export type WindowChoice = 'shared' | 'off' | { readonly isolated: string };

/** Those whose messages share a window on a link, and with nobody else. */
export class Tenant {
  /** The window that it has now; 0: none. */
  id = 0;
  /** When it packed last, in ms. */
  usedAt = 0;
  /** The only window that it may have; 0: any. */
  readonly fixedId: number;

  constructor(fixedId: number) {
    this.fixedId = fixedId;
  }
}

/** A window is given to another tenant only when it was not used for so long, in ms: it must start anew then, which peers count (W-081). */
const REUSED_AFTER_MS = 1_000;
/** Tenants without a window that are remembered by their keys. */
const MOST_KEYS = 1_024;

/**
 * The isolated windows of the direction in which a link sends (W-075), and who has which. Windows go to
 * the tenants that pack; the least recently used one is given on. While all are busy, further tenants
 * pack nothing.
 */
export class Tenants {
  /** For messages that go through no window. */
  readonly off: Tenant = new Tenant(0);
  readonly #codec: Codec;
  readonly #windowLog: number;
  readonly #most: number;
  readonly #byKey = new Map<string, Tenant>();
  /** Who the peer has each of its windows for, as far as can be told. */
  readonly #byPeer: (Tenant | undefined)[] = [];
  /** Who has each of our windows, and the windows, by id. */
  readonly #owners: (Tenant | undefined)[] = [];
  readonly #sides: (PackedSide | undefined)[] = [];

  /** @param most how many isolated windows the peer accepts. */
  constructor(codec: Codec, windowLog: number, most: number) {
    this.#codec = codec;
    this.#windowLog = windowLog;
    this.#most = most;
  }

  /** Undefined: the shared window. */
  of(choice: WindowChoice): Tenant | undefined {
    if (choice === 'shared') return undefined;
    // What cannot be read shares with nobody.
    if (choice === 'off' || typeof choice.isolated !== 'string') return this.off;
    const known = this.#byKey.get(choice.isolated);
    if (known !== undefined) return known;
    if (this.#byKey.size >= MOST_KEYS) this.#forget();
    const tenant = new Tenant(0);
    this.#byKey.set(choice.isolated, tenant);
    return tenant;
  }

  /** Who answers to what came through the peer's window of that id: the window of ours with the same. */
  ofPeer(id: number): Tenant {
    const known = this.#byPeer[id];
    if (known !== undefined) return known;
    const tenant = new Tenant(id);
    this.#byPeer[id] = tenant;
    return tenant;
  }

  /** The peer has started that window anew: what comes through it may be another tenant's. */
  restarted(id: number): void {
    this.#byPeer[id] = undefined;
  }

  /** The tenant's window, if it can have one now. */
  windowOf(tenant: Tenant, now: number): PackedSide | undefined {
    const id = tenant.id > 0 ? tenant.id : this.#idFor(tenant, now);
    if (id === 0) return undefined;
    if (tenant.id === 0) this.#give(id, tenant);
    tenant.usedAt = now;
    return this.#sides[id];
  }

  /** Lets windows go that nobody has used since `before`; calls `say` for what the peer must be told. */
  release(before: number, say: (id: number, side: PackedSide) => void): void {
    for (let id = 1; id <= this.#most; id++) {
      const owner = this.#owners[id];
      const side = this.#sides[id];
      if (owner === undefined || side === undefined || owner.usedAt > before) continue;
      this.#owners[id] = undefined;
      owner.id = 0;
      say(id, side);
    }
  }

  close(): void {
    for (const side of this.#sides) side?.close();
  }

  #give(id: number, tenant: Tenant): void {
    const before = this.#owners[id];
    if (before !== undefined) before.id = 0;
    this.#owners[id] = tenant;
    tenant.id = id;
    this.#sides[id] ??= new PackedSide(this.#codec, this.#windowLog);
    this.#sides[id].restart();
  }

  /** The id of a window that the tenant may have, 0 when there is none. */
  #idFor(tenant: Tenant, now: number): number {
    const { fixedId } = tenant;
    if (tenant === this.off) return 0;
    if (fixedId > 0) {
      const isCurrent = this.#byPeer[fixedId] === tenant;
      return isCurrent && fixedId <= this.#most && this.#mayTake(fixedId, now) ? fixedId : 0;
    }
    let best = 0;
    let usedAt = Number.POSITIVE_INFINITY;
    for (let id = 1; id <= this.#most; id++) {
      const owner = this.#owners[id];
      if (owner === undefined) return id;
      if (owner.usedAt < usedAt) {
        best = id;
        usedAt = owner.usedAt;
      }
    }
    return now - usedAt >= REUSED_AFTER_MS ? best : 0;
  }

  /** A window whose tenant the peer has replaced is free; of others, those at rest. */
  #mayTake(id: number, now: number): boolean {
    const owner = this.#owners[id];
    if (owner === undefined || owner.fixedId > 0) return true;
    return now - owner.usedAt >= REUSED_AFTER_MS;
  }

  #forget(): void {
    for (const [key, { id }] of this.#byKey) if (id === 0) this.#byKey.delete(key);
  }
}
