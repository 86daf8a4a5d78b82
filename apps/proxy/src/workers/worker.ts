import cluster from 'node:cluster';
import { type Logger, pino } from 'pino';
import { figuresOf } from '../admin/figures.ts';
import { notReady } from '../admin/source.ts';
import { readCommand } from '../config/command.ts';
import type { Config, ListenerConfig } from '../config/config.ts';
import { readCopies } from '../config/read-file.ts';
import type { Environment } from '../config/sources.ts';
import { watchLoad } from '../overload/watch-load.ts';
import { type RunningProxy, startProxy } from '../proxy.ts';
import {
  type Answer,
  type AsksToLeave,
  FIGURES_FORMAT,
  isLetter,
  type Order,
  type Serving,
  type Settings,
  type State,
} from './messages.ts';

/**
 * Serves as one process of several: does what the master says, with the configuration that the master
 * has read. It ends when the master is gone.
 */
export function runWorker(args: readonly string[], environment: Environment): void {
  const log = pino({ base: { worker: cluster.worker?.id } }, pino.destination({ sync: true }));
  const worker = new Worker(args, environment, log);
  process.on('message', async (message: unknown) => {
    if (!isLetter(message)) return;
    const { id, order } = message;
    if (order.do === 'end') return end();
    try {
      say({ answers: id, value: await worker.obey(order) });
    } catch (error) {
      say({ answers: id, error: error instanceof Error ? error.message : String(error) });
    }
  });
  // The master may have had the same signal, or another process is needed in this one's place first.
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => say({ asksToLeave: true }));
  }
  // Those of the master's: whoever signals a whole group means the master.
  for (const signal of ['SIGHUP', 'SIGUSR2']) process.on(signal, () => undefined);
}

/** Ends when all that was said is on its way. */
function end(): void {
  process.send?.({}, undefined, undefined, () => process.exit(0));
}

function say(message: Answer | AsksToLeave): void {
  process.send?.(message);
}

class Worker {
  readonly #args: readonly string[];
  readonly #environment: Environment;
  readonly #log: Logger;
  #proxy: RunningProxy | undefined;
  #ports: ReadonlyMap<string, number> = new Map();
  #ticketKeys = '';
  #config: Config | undefined;

  constructor(args: readonly string[], environment: Environment, log: Logger) {
    this.#args = args;
    this.#environment = environment;
    this.#log = log;
  }

  async obey(
    order: Exclude<Order, { readonly do: 'end' }>,
  ): Promise<Serving | State | string | undefined> {
    switch (order.do) {
      case 'start':
        return this.#start(order, order.ticketKeys);
      case 'reload':
        return this.#reload(order);
      case 'tell':
        return this.#state();
      case 'askReady':
        return this.#proxy === undefined ? 'starting' : notReady(this.#proxy);
      case 'drain':
        return this.#drain(order.idle);
    }
  }

  async #start(settings: Settings, ticketKeys: string): Promise<Serving> {
    this.#ticketKeys = ticketKeys;
    const config = this.#take(settings);
    const overload = watchLoad(() => this.#config ?? config, this.#log);
    this.#proxy = await startProxy(config, this.#log, {
      portOf: (key) => this.#ports.get(key),
      sheds: () => overload.reason,
    });
    return this.#serving();
  }

  async #reload(settings: Settings): Promise<Serving> {
    await this.#proxy?.reload(this.#take(settings));
    return this.#serving();
  }

  #state(): State | undefined {
    if (this.#proxy === undefined) return undefined;
    return { format: FIGURES_FORMAT, figures: figuresOf(this.#proxy) };
  }

  async #drain(idle: 'now' | 'next'): Promise<State | undefined> {
    await this.#proxy?.close(idle);
    return this.#state();
  }

  #serving(): Serving {
    return { in: this.#proxy?.listeners.map((listener) => listener.address) ?? [] };
  }

  #take({ files, ports }: Settings): Config {
    this.#ports = ports;
    const command = readCommand(this.#args, this.#environment, readCopies(files));
    if (command.kind !== 'run') throw new Error('a worker runs a proxy, nothing else');
    const { config } = command;
    this.#config = config;
    return { ...config, listeners: config.listeners.map((one) => this.#withTicketKeys(one)) };
  }

  /** A client may come to any of the workers: all of them know the tickets of each. */
  #withTicketKeys(listener: ListenerConfig): ListenerConfig {
    const { tls } = listener;
    if (tls === undefined) return listener;
    return { ...listener, tls: { ...tls, ticketKeys: tls.ticketKeys ?? this.#ticketKeys } };
  }
}
