import type { BatchEncoder } from '@tp/wire';
import { Fifo } from '../fifo.ts';

/** Why requests are refused: one of these for each limit, not one for each request. */
export interface Refusal {
  /** The limit's name in `limitHits`. */
  readonly limit: string;
  readonly code: 'REFUSED' | 'OVERLOADED';
  /** For people. */
  readonly message: string;
}

export function refusal(limit: string, code: Refusal['code']): Refusal {
  return { limit, code, message: `the server is at its limit: ${limit}` };
}

/** So many are written at a time, so that a batch grows little beyond its limit. */
const AT_A_TIME = 128;

/**
 * Requests that were refused and whose clients wait to be told. Under overload most of what a
 * server does is to refuse, so that costs two numbers in line: no error, no stack, no function.
 */
export class Refusals {
  readonly #ids = new Fifo<number>();
  readonly #whys = new Fifo<Refusal>();

  get length(): number {
    return this.#ids.length;
  }

  /** True when it is the first in line. */
  add(id: number, why: Refusal): boolean {
    this.#ids.push(id);
    this.#whys.push(why);
    return this.#ids.length === 1;
  }

  /**
   * Says some of them, processed "no" (W-036). The first alone says in words why, or the words would
   * be most of what is written, and of what it costs both sides.
   */
  write(encoder: BatchEncoder): void {
    for (let said = 0; said < AT_A_TIME; said++) {
      const id = this.#ids.shift();
      const why = this.#whys.shift();
      if (id === undefined || why === undefined) return;
      encoder.cancel(id, why.code, 'no', said === 0 ? why.message : '');
    }
  }
}
