import { createPool, type Pool } from '@tp/transport';
import { Fields, isTpError, RequestHead } from '@tp/wire';
import { pause } from './pause.ts';
import { machineNow } from './said.ts';

const CALLERS = 8;
/** Between two calls of a caller, and after one that failed, in ms. */
const PAUSE_MS = 1;
const PAUSE_AFTER_FAILURE_MS = 10;

const get = new RequestHead('GET', '/now');
const post = new RequestHead('POST', '/id', new Fields(['content-type', 'text/plain']));

/** Callers that GET and POST in turn, each POST with an id of its own, and write down what came of each. */
export class IdLoad {
  static readonly deadlineMs = 5_000;
  /** How long each call took, in ms. */
  readonly took: number[] = [];
  /** How often each outcome came: `ok`, `LINK_LOST maybe`, … */
  readonly outcomes = new Map<string, number>();
  /** The outcome of each POST by its id. */
  readonly posts = new Map<string, string>();
  readonly #pool: Pool;
  readonly #callers: Promise<void>[] = [];
  readonly #successes: ((at: number) => void)[] = [];
  #isOver = false;

  constructor(url: string) {
    this.#pool = createPool([url]);
  }

  async start(): Promise<void> {
    await this.#pool.ready();
    for (let i = 0; i < CALLERS; i++) this.#callers.push(this.#caller(i));
  }

  /** When the next call succeeds, by the machine's clock. */
  nextSuccess(): Promise<number> {
    return new Promise((resolve) => this.#successes.push(resolve));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
    await this.#pool.close();
  }

  async #caller(caller: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const startedAt = performance.now();
      const outcome = await this.#call(turn % 2 === 0 ? undefined : `${caller}-${turn}`);
      this.took.push(performance.now() - startedAt);
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
      await pause(outcome === 'ok' ? PAUSE_MS : PAUSE_AFTER_FAILURE_MS);
    }
  }

  async #call(id: string | undefined): Promise<string> {
    let outcome: string;
    try {
      outcome = await this.#ask(id);
    } catch (error) {
      outcome = isTpError(error) ? `${error.code} ${error.processed}` : String(error);
    }
    if (id !== undefined) this.posts.set(id, outcome);
    return outcome;
  }

  async #ask(id: string | undefined): Promise<string> {
    const { deadlineMs } = IdLoad;
    const call = await this.#pool.call(
      id === undefined
        ? { head: get, deadlineMs }
        : { head: post, body: Buffer.from(id), deadlineMs },
    );
    if ((await call.text()) !== (id ?? 'now')) return 'another answer';
    const at = machineNow();
    for (const success of this.#successes.splice(0)) success(at);
    return 'ok';
  }
}
