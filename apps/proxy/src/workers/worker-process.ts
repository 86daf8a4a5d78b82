import cluster, { type Worker } from 'node:cluster';
import { isAnswer, isAskToLeave, isState, type Order, type State } from './messages.ts';

/** How a worker ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A worker as its master sees it. */
export class WorkerProcess {
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ending>;
  /** How it stood when it was last asked. */
  lastState: State | undefined;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: { value?: unknown; error?: string }) => void>();
  #nextId = 1;

  /** Starts a process. @param onAskToLeave is called when somebody else has told it to end. */
  constructor(onAskToLeave: (worker: WorkerProcess) => void) {
    const worker = cluster.fork();
    this.#worker = worker;
    worker.on('message', (message: unknown) => {
      if (isAskToLeave(message)) onAskToLeave(this);
      if (!isAnswer(message)) return;
      this.#waiting.get(message.answers)?.(message);
      this.#waiting.delete(message.answers);
    });
    this.ended = new Promise((resolve) => {
      worker.once('exit', (code: number | null, signal: string | null) => {
        const how = signal === null ? `with code ${code}` : `by ${signal}`;
        for (const settle of this.#waiting.values()) settle({ error: `it ended ${how}` });
        this.#waiting.clear();
        resolve({ code, signal });
      });
    });
    worker.on('error', () => {
      // What could not be sent; the end of the process is told of by itself.
    });
  }

  /** Its number in the log. */
  get id(): number {
    return this.#worker.id;
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  /** Has it do something. @throws {Error} when it cannot, or ends before it has answered. */
  ask(order: Order): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#worker.isDead()) {
        reject(new Error('it has ended'));
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, ({ value, error }) => {
        if (error === undefined) resolve(value);
        else reject(new Error(error));
      });
      this.#worker.send({ id, order });
    });
  }

  /** What it has counted; what it said before, when it does not answer within so many ms. */
  async state(patienceMs: number): Promise<State | undefined> {
    const answer = await this.#askFor({ do: 'tell' }, patienceMs);
    if (isState(answer)) this.lastState = answer;
    return this.lastState;
  }

  /** Why it cannot serve now; undefined when it can. */
  async notReady(patienceMs: number): Promise<string | undefined> {
    const answer = await this.#askFor({ do: 'askReady' }, patienceMs);
    return answer === undefined || typeof answer === 'string' ? answer : 'a worker does not answer';
  }

  /** Null where there is no answer in time. */
  async #askFor(order: Order, patienceMs: number): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), patienceMs);
    });
    const answer = await Promise.race([this.ask(order).catch(() => null), late]);
    clearTimeout(timer);
    return answer;
  }

  /** Lets one end that has nothing to do any more. */
  end(): void {
    if (!this.#worker.isDead()) this.#worker.send({ id: 0, order: { do: 'end' } satisfies Order });
  }

  /** Ends it at once. */
  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }
}
