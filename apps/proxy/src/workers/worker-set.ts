import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Figures } from '../admin/figures.ts';
import type { AdminSource } from '../admin/source.ts';
import { cpuSecondsNow } from '../admin/stats.ts';
import { endedFigures, sumFigures } from '../admin/sum-figures.ts';
import type { IdleEnd } from '../listeners/listener.ts';
import { Backoff } from './backoff.ts';
import { figuresIn, isServing, isState, type Settings, type State } from './messages.ts';
import { WorkerProcess } from './worker-process.ts';

/** How long a worker may take to say how it stands, in ms; then what it said before counts. */
const TELL_MS = 1_000;
/** How long it may take to find out whether it can serve, in ms. */
const READY_MS = 5_000;
/** How much longer than its drain timeout a worker may take to end, in ms; then it is killed. */
const GRACE_MS = 2_000;

/** What all workers are told, and what the set itself goes by. */
export interface SetSettings extends Settings {
  readonly workers: number;
  readonly drainTimeoutMs: number;
  readonly pricePerGb: number;
}

/**
 * Processes that serve the same addresses. One that dies is replaced, at once at first and then later
 * and later; what it had counted stays.
 */
export class WorkerSet implements AdminSource {
  /** Where they listen. */
  addresses: readonly string[] = [];
  /** Workers do not measure: see the configuration. */
  readonly measuring = undefined;
  readonly #log: Logger;
  readonly #ticketKeys = randomBytes(48).toString('base64');
  readonly #backoff = new Backoff();
  readonly #serving = new Set<WorkerProcess>();
  /** Started and not ready yet. */
  readonly #starting = new Set<WorkerProcess>();
  /** These finish what they have. */
  readonly #leaving = new Set<WorkerProcess>();
  #settings: SetSettings;
  #ended: Figures | undefined;
  #isDraining = false;
  /** Whether a worker of another version has been told of. */
  #toldOfVersion = false;

  constructor(settings: SetSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Starts all. @throws {Error} when one cannot; the others have ended by then. */
  async start(): Promise<void> {
    try {
      await this.#add();
      const others = Array.from({ length: this.#settings.workers - 1 }, () => this.#add());
      await Promise.all(others);
    } catch (error) {
      this.#isDraining = true;
      const all = this.#all();
      for (const worker of all) worker.kill();
      await Promise.all(all.map(({ ended }) => ended));
      throw error;
    }
  }

  /**
   * Goes on with another configuration, one worker after the other.
   *
   * @throws {Error} when one could not take it as a whole.
   */
  async reload(settings: SetSettings): Promise<void> {
    this.#settings = settings;
    const failures: unknown[] = [];
    for (const worker of this.#serving) {
      try {
        this.#take(await worker.ask({ do: 'reload', ...this.#told() }));
      } catch (error) {
        failures.push(error);
      }
    }
    for (const worker of [...this.#serving].slice(settings.workers)) void this.#leave(worker);
    while (this.#serving.size < settings.workers && !this.#isDraining) await this.#add();
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Starts a process of the program as it is on the disk now in the place of each, which then finishes
   * what it has. Idle connections end with their next response.
   *
   * @throws {Error} when one does not start; those that it was to stand in for go on.
   */
  async replace(settings: SetSettings): Promise<void> {
    const before = this.#settings;
    this.#settings = settings;
    for (const [turn, worker] of [...this.#serving].entries()) {
      try {
        await this.#add();
      } catch (error) {
        // Whoever takes the place of one that dies is to serve what all the others do.
        if (turn === 0) this.#settings = before;
        throw error;
      }
      void this.#leave(worker);
    }
  }

  /** Has all finish what they have. Resolves when they are gone. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await Promise.all(this.#all().map((worker) => this.#end(worker, 'now')));
  }

  /** Ends all at once. */
  kill(): void {
    for (const worker of this.#all()) worker.kill();
  }

  /** Ids of the processes that serve. */
  get pids(): (number | undefined)[] {
    return Array.from(this.#serving, ({ pid }) => pid);
  }

  async figures(): Promise<Figures> {
    const ended = this.#ended;
    const states = await Promise.all(this.#all().map((worker) => worker.state(TELL_MS)));
    const parts = states.flatMap((state) => this.#figuresOf(state) ?? []);
    return sumFigures(ended === undefined ? parts : [...parts, ended], {
      uptimeSeconds: process.uptime(),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: cpuSecondsNow(),
      draining: this.#isDraining,
      pricePerGb: this.#settings.pricePerGb,
    });
  }

  async notReady(): Promise<string | undefined> {
    if (this.#isDraining) return 'draining';
    const reasons = await Promise.all(
      Array.from(this.#serving, (worker) => worker.notReady(READY_MS)),
    );
    return reasons.includes(undefined) ? undefined : (reasons[0] ?? NOBODY);
  }

  notAlive(): string | undefined {
    return this.#serving.size === 0 && !this.#isDraining ? NOBODY : undefined;
  }

  #all(): WorkerProcess[] {
    return [...this.#serving, ...this.#starting, ...this.#leaving];
  }

  #told(): Settings {
    const { files, ports } = this.#settings;
    return { files, ports };
  }

  /** Starts one. @throws {Error} when it does not come to serve. */
  async #add(): Promise<void> {
    const worker = new WorkerProcess((one) => void this.#giveWay(one));
    this.#starting.add(worker);
    try {
      let settings = this.#settings;
      const told = { ...this.#told(), ticketKeys: this.#ticketKeys };
      this.#take(await worker.ask({ do: 'start', ...told }));
      while (settings !== this.#settings) {
        settings = this.#settings;
        this.#take(await worker.ask({ do: 'reload', ...this.#told() }));
      }
    } catch (error) {
      this.#starting.delete(worker);
      worker.kill();
      throw error;
    }
    this.#starting.delete(worker);
    if (this.#isDraining) return;
    this.#serving.add(worker);
    const since = performance.now();
    void worker.ended.then(({ code, signal }) => {
      if (!this.#serving.delete(worker) || this.#isDraining) return;
      this.#log.error({ worker: worker.id, pid: worker.pid, code, signal }, 'worker died');
      this.#bury(worker);
      this.#revive(performance.now() - since);
    });
  }

  #take(value: unknown): void {
    if (isServing(value)) this.addresses = value.in;
  }

  /** Starts one in the place of one that died, as often as that takes. */
  #revive(servedMs: number): void {
    if (this.#isDraining) return;
    setTimeout(async () => {
      if (this.#isDraining || this.#serving.size >= this.#settings.workers) return;
      try {
        await this.#add();
        this.#log.info({ workers: this.pids }, 'worker replaced');
      } catch (error) {
        this.#notStarted(error);
        this.#revive(0);
      }
    }, this.#backoff.next(servedMs));
  }

  /** Replaces one that somebody has told to end, so that nobody is turned away. */
  async #giveWay(worker: WorkerProcess): Promise<void> {
    if (this.#isDraining || !this.#serving.has(worker)) return;
    try {
      await this.#add();
    } catch (error) {
      this.#notStarted(error);
      return;
    }
    const left = this.#leave(worker);
    this.#log.info({ workers: this.pids }, 'worker replaced');
    await left;
  }

  #notStarted(error: unknown): void {
    if (this.#isDraining) return;
    this.#log.error(
      { error: error instanceof Error ? error.message : error },
      'worker not started',
    );
  }

  async #leave(worker: WorkerProcess): Promise<void> {
    if (!this.#serving.delete(worker)) return;
    this.#leaving.add(worker);
    await this.#end(worker, 'next');
    this.#leaving.delete(worker);
    this.#bury(worker);
  }

  /** Has one end, and kills it when it does not. */
  async #end(worker: WorkerProcess, idle: IdleEnd): Promise<void> {
    const timer = setTimeout(() => {
      this.#log.error({ worker: worker.id }, 'worker killed: it did not end by itself');
      worker.kill();
    }, this.#settings.drainTimeoutMs + GRACE_MS);
    const last = await worker.ask({ do: 'drain', idle }).catch(() => undefined);
    if (isState(last)) worker.lastState = last;
    worker.end();
    await worker.ended;
    clearTimeout(timer);
  }

  /** Keeps what a process had counted that is gone. */
  #bury({ lastState }: WorkerProcess): void {
    const figures = this.#figuresOf(lastState);
    if (figures === undefined) return;
    const last = endedFigures(figures);
    this.#ended = this.#ended === undefined ? last : sumFigures([this.#ended, last], NOTHING);
  }

  #figuresOf(state: State | undefined): Figures | undefined {
    if (state === undefined) return undefined;
    const figures = figuresIn(state);
    if (figures === undefined && !this.#toldOfVersion) {
      this.#toldOfVersion = true;
      this.#log.warn('workers of another version count otherwise: a restart shows their figures');
    }
    return figures;
  }
}

const NOBODY = 'no worker runs';
const NOTHING = { uptimeSeconds: 0, rssBytes: 0, cpuSeconds: 0, draining: false, pricePerGb: 0 };
