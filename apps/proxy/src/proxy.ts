import type { Logger } from 'pino';
import { createAccessLog } from './access-log.ts';
import { withPort } from './config/address.ts';
import type { Config, GroupConfig, ListenerConfig } from './config/config.ts';
import { listenersByKey } from './config/listener-keys.ts';
import type { TransferFigures, Upstream } from './exchange.ts';
import { createFailureLog } from './failure-log.ts';
import { createForwarder, type Way } from './forward.ts';
import { type Door, openDoor } from './listeners/door.ts';
import type { IdleEnd, Listener } from './listeners/listener.ts';
import { type ListenerContext, openListener } from './listeners/open-listener.ts';
import { type Measuring, startMeasuring } from './measure/measuring.ts';
import { createMeters, type Meters } from './meters.ts';
import type { ShedReason } from './overload/overload.ts';
import { Retired } from './retired.ts';
import { createRouting, type Routing } from './routing.ts';
import { openTracing, type Tracing } from './tracing/tracing.ts';
import { Group, type Naming, SYSTEM_NAMING } from './upstreams/group.ts';
import { watchTogether } from './watch.ts';
import { createWindowRule } from './window-rule.ts';

/** A running proxy. */
export interface RunningProxy {
  readonly listeners: readonly Listener[];
  /** The listeners under the names that they have in metrics: their addresses as configured. */
  readonly inputs: readonly { readonly name: string; readonly listener: Listener }[];
  readonly upstreams: readonly Upstream[];
  readonly groups: readonly Group[];
  readonly meters: Meters;
  /** What links would save; undefined where nobody asks. */
  readonly measuring: Measuring | undefined;
  /** Prices as configured. */
  readonly prices: Config['prices'];
  /** Figures of the listeners and upstreams that a reload has ended. */
  readonly retired: TransferFigures;
  /** Whether it has begun to drain. */
  readonly draining: boolean;
  /**
   * Goes on with another configuration. What is the same stays untouched, routes change at once,
   * and only what was replaced drains.
   *
   * @throws {Error} when an address cannot be bound; what did not need it is in effect by then.
   */
  reload(config: Config): Promise<void>;
  /**
   * Takes no further connection, finishes what is under way, and cuts off what is left after the drain
   * timeout. Resolves when all is closed; the same promise for every call.
   *
   * @param idle what becomes of idle connections of HTTP; see `Listener.drain`. Default `now`.
   */
  close(idle?: IdleEnd): Promise<void>;
}

/** What a proxy takes from its surroundings, where that is not the system's. */
export interface ProxySurroundings {
  readonly naming?: Naming;
  /** The port of a listener that leaves it to the system (`:0`), by the listener's key. */
  readonly portOf?: (key: string) => number | undefined;
  /** Why requests are turned away now; never where it is left out. */
  readonly sheds?: () => ShedReason | undefined;
}

/**
 * Starts to listen at every listener's address.
 *
 * @throws {Error} when an address cannot be bound, or what the configuration asks for is not
 *   installed; nothing listens then.
 */
export async function startProxy(
  config: Config,
  log: Logger,
  surroundings: ProxySurroundings = {},
): Promise<RunningProxy> {
  const tracing = config.tracing ? await openTracing() : undefined;
  const proxy = new Running(config, log, surroundings, tracing);
  await proxy.start();
  return proxy;
}

interface Open {
  readonly config: ListenerConfig;
  readonly door: Door;
  readonly listener: Listener;
}

class Running implements RunningProxy {
  readonly meters: Meters = createMeters();
  readonly measuring: Measuring | undefined;
  readonly #failures: ReturnType<typeof createFailureLog>;
  readonly #retired = new Retired();
  readonly #context: ListenerContext;
  readonly #naming: Naming;
  readonly #tracing: Tracing | undefined;
  readonly #portOf: (key: string) => number | undefined;
  #config: Config;
  #groups: readonly Group[];
  #routing: Routing<Way>;
  /** By what is bound, and how often that came before: several may ask for any free port. */
  #open = new Map<string, Open>();
  #closed: Promise<void> | undefined;

  constructor(
    config: Config,
    log: Logger,
    surroundings: ProxySurroundings,
    tracing: Tracing | undefined,
  ) {
    const { naming = SYSTEM_NAMING, portOf = () => undefined } = surroundings;
    const { sheds = () => undefined } = surroundings;
    this.#config = config;
    this.#naming = naming;
    this.#portOf = portOf;
    this.#failures = createFailureLog(log);
    this.#groups = config.groups.map((group) => this.#newGroup(group, config));
    this.#routing = routingOf(config, this.#groups);
    this.#tracing = tracing;
    this.measuring = config.measure ? startMeasuring(() => this.#config, log) : undefined;
    const accessLog = createAccessLog(log, () => this.#config.accessLogShare);
    const forwarder = createForwarder({
      routing: () => this.#routing,
      meters: this.meters,
      failures: this.#failures,
      sheds,
      watcher: watchTogether([
        ...(tracing === undefined ? [] : [tracing.watcher]),
        ...(this.measuring === undefined ? [] : [this.measuring.watcher]),
        accessLog,
      ]),
    });
    const { drainTimeoutMs } = config;
    this.#context = { forwarder, meters: this.meters, drainTimeoutMs };
  }

  get listeners(): readonly Listener[] {
    return Array.from(this.#open.values(), ({ listener }) => listener);
  }

  get inputs(): readonly { readonly name: string; readonly listener: Listener }[] {
    return Array.from(this.#open.values(), ({ config, listener }) => ({
      name: config.address.text,
      listener,
    }));
  }

  get groups(): readonly Group[] {
    return this.#groups;
  }

  get upstreams(): readonly Upstream[] {
    return this.#groups.flatMap((group) => group.upstreams);
  }

  get retired(): TransferFigures {
    return this.#retired.figures();
  }

  get prices(): Config['prices'] {
    return this.#config.prices;
  }

  get draining(): boolean {
    return this.#closed !== undefined;
  }

  async start(): Promise<void> {
    try {
      for (const [key, config] of listenersByKey(this.#config.listeners)) {
        await this.#listen(key, config);
      }
    } catch (error) {
      for (const { listener } of this.#open.values()) listener.destroy();
      await Promise.all(Array.from(this.#open.values(), (open) => close(open, 'now')));
      await Promise.all(this.#groups.map((group) => group.close()));
      this.#tracing?.close();
      this.measuring?.close();
      throw error;
    }
  }

  async reload(config: Config): Promise<void> {
    if (this.draining) return;
    this.#replaceGroups(config);
    this.#config = config;
    const wanted = listenersByKey(config.listeners);
    // Before others open: an address of theirs may be covered by one that goes.
    const gone = [...this.#open].filter(([key]) => !wanted.has(key));
    await Promise.all(gone.map(([key, open]) => this.#unlisten(key, open)));
    for (const [key, next] of wanted) {
      const open = this.#open.get(key);
      if (open === undefined) await this.#listen(key, next);
      else this.#relisten(key, next, open);
    }
  }

  close(idle: IdleEnd = 'now'): Promise<void> {
    // Who was left to come back once more, when it began to close, is not waited for any longer.
    if (idle === 'now' && this.draining)
      for (const listener of this.listeners) void listener.drain(Promise.resolve(), idle);
    this.#closed ??= this.#drain(idle).finally(this.#failures.flush);
    return this.#closed;
  }

  /** Groups that stay keep what they know; the others end with the last of their requests. */
  #replaceGroups(config: Config): void {
    const before = new Map(this.#groups.map((group) => [group.name, group]));
    this.#groups = config.groups.map((wanted) => {
      const old = before.get(wanted.name);
      if (old?.take(wanted) !== true) return this.#newGroup(wanted, config);
      before.delete(wanted.name);
      return old;
    });
    this.#routing = routingOf(config, this.#groups);
    for (const group of before.values()) {
      this.#retired.follow(
        () => group.upstreams.map((upstream) => upstream.figures()),
        group.close(),
      );
    }
  }

  #newGroup(group: GroupConfig, { drainTimeoutMs }: Config): Group {
    const retire = (upstream: Upstream, end: Promise<void>): void =>
      this.#retired.follow(() => [upstream.figures()], end);
    return new Group(group, { drainTimeoutMs, naming: this.#naming, retire });
  }

  async #listen(key: string, config: ListenerConfig): Promise<void> {
    const door = await openDoor(withPort(config.address, this.#portOf(key)), config.reusePort);
    const listener = openListener(config, this.#context, door);
    door.lead(listener);
    const open = { config, door, listener };
    this.#open.set(key, open);
    if (this.draining) await close(open, 'now');
  }

  /** Lets another configuration hold at an address: the door stays open, whoever is behind it. */
  #relisten(key: string, config: ListenerConfig, { door, listener }: Open): void {
    const isSame = listener.update(config);
    const next = isSame ? listener : openListener(config, this.#context, door);
    door.lead(next);
    this.#open.set(key, { config, door, listener: next });
    if (!isSame) this.#retire(listener, Promise.resolve());
  }

  /** Resolves when nobody listens there any more; what is under way goes on. */
  #unlisten(key: string, { door, listener }: Open): Promise<void> {
    this.#open.delete(key);
    const closed = door.close();
    this.#retire(listener, closed);
    return closed;
  }

  #retire(listener: Listener, noMore: Promise<void>): void {
    const timer = setTimeout(() => listener.destroy(), this.#config.drainTimeoutMs);
    const drained = listener.drain(noMore, 'now').finally(() => clearTimeout(timer));
    this.#retired.follow(() => [listener.figures()], drained);
  }

  async #drain(idle: IdleEnd): Promise<void> {
    const { listeners } = this;
    const timer = setTimeout(() => {
      for (const listener of listeners) listener.destroy();
    }, this.#config.drainTimeoutMs);
    await Promise.all(Array.from(this.#open.values(), (open) => close(open, idle)));
    clearTimeout(timer);
    await Promise.all(this.#groups.map((group) => group.close()));
    await this.#retired.ended();
    this.#tracing?.close();
    this.measuring?.close();
  }
}

function routingOf(config: Config, groups: readonly Group[]): Routing<Way> {
  const byName = new Map(groups.map((group) => [group.name, group]));
  return createRouting(config.routes, (route) => {
    const { host = '', path } = route;
    const group = byName.get(route.group);
    if (group === undefined) throw new Error(`there is no group ${route.group}`);
    return { group, name: `${host}${path}`, windowFor: createWindowRule(route) };
  });
}

async function close({ door, listener }: Open, idle: IdleEnd): Promise<void> {
  await listener.drain(door.close(), idle);
}
