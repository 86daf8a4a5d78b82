import { type DemoFigures, makeFigures } from './figures.ts';
import type { Moment } from './frame.ts';
import { Load } from './load.ts';
import { type Stage, setStage } from './stage.ts';
import { demoExchanges } from './traffic.ts';
import type { View } from './view.ts';
import { readWireBytes } from './wire-meter.ts';

/** How a demo ended. */
export interface DemoOutcome {
  readonly figures: DemoFigures;
  /** What went wrong first; undefined when nothing did. */
  readonly firstError: string | undefined;
}

interface Snapshot {
  readonly atMs: number;
  readonly figures: DemoFigures;
}

/** Rates are those of the last second or so. */
const RATE_WINDOW_MS = 1000;
/** Long enough for the last bytes to be counted, and for news of a dead process to arrive. */
const SETTLE_MS = 150;

/** One run of the demo: stage, load, view, figures. */
export class Demo {
  private readonly seconds: number;
  private readonly view: View;
  private readonly snapshots: Snapshot[] = [];
  private wireBytes = 0;
  private startedMs = 0;

  constructor(seconds: number, view: View) {
    this.seconds = seconds;
    this.view = view;
  }

  /** @throws {Error} when a process does not start or ends before its time. */
  async run(): Promise<DemoOutcome> {
    const death = Promise.withResolvers<never>();
    death.promise.catch(() => {});
    const stage = await setStage((why) => death.reject(new Error(why)));
    try {
      return await Promise.race([this.drive(stage), death.promise]);
    } catch (error) {
      await Promise.race([death.promise, pause(SETTLE_MS)]);
      throw error;
    } finally {
      await stage.stop();
    }
  }

  private async drive(stage: Stage): Promise<DemoOutcome> {
    const load = new Load(stage.entrance, demoExchanges());
    this.startedMs = performance.now();
    this.snapshots.push({ atMs: this.startedMs, figures: this.latest(load) });
    const running = load.run();
    const end = this.startedMs + this.seconds * 1000;
    while (performance.now() < end) {
      await pause(Math.min(this.view.everyMs, end - performance.now()));
      await this.look(stage, load);
      this.view.update(this.latest(load), this.moment(load));
    }
    load.stop();
    await running;
    const seconds = (performance.now() - this.startedMs) / 1000;
    await pause(SETTLE_MS);
    await this.look(stage, load);
    const figures = this.figuresOf(load, seconds);
    await load.close();
    return { figures, firstError: load.firstError };
  }

  private async look(stage: Stage, load: Load): Promise<void> {
    this.wireBytes = await readWireBytes(stage.admin);
    const atMs = performance.now();
    this.snapshots.push({ atMs, figures: this.latest(load) });
    while ((this.snapshots[1]?.atMs ?? atMs) < atMs - RATE_WINDOW_MS) this.snapshots.shift();
  }

  private latest(load: Load): DemoFigures {
    return this.figuresOf(load, (performance.now() - this.startedMs) / 1000);
  }

  private moment(load: Load): Moment {
    const nowMs = performance.now();
    const now = this.latest(load);
    const before = this.snapshots[0];
    const seconds = Math.max((nowMs - (before?.atMs ?? nowMs)) / 1000, 0.001);
    return {
      elapsedSeconds: (nowMs - this.startedMs) / 1000,
      totalSeconds: this.seconds,
      requestsPerSecond: (now.requests - (before?.figures.requests ?? 0)) / seconds,
      httpBytesPerSecond: (now.httpBytes - (before?.figures.httpBytes ?? 0)) / seconds,
      wireBytesPerSecond: (now.wireBytes - (before?.figures.wireBytes ?? 0)) / seconds,
    };
  }

  private figuresOf(load: Load, seconds: number): DemoFigures {
    return makeFigures({
      requests: load.requests,
      errors: load.errors,
      httpBytes: load.httpBytes,
      wireBytes: this.wireBytes,
      seconds,
      p50Ms: load.latencies.quantile(0.5),
      p99Ms: load.latencies.quantile(0.99),
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
