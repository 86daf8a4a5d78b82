import type { LoadReading } from './overload.ts';

/** Growth that is worth a collection, in bytes. */
const WORTH = 16 * 1024 * 1024;
/** The loop had next to nothing to do, for so many readings in a row: nobody waits for a collection. */
const QUIET = 0.2;
const QUIET_READINGS = 3;

/**
 * Says when to collect what a burst has left behind. V8 collects when more is asked for; where clients
 * connect, ask and then only keep their connections, nothing is, and half of the memory stays garbage.
 */
export class QuietCollection {
  #leastBytes = 0;
  #quiet = 0;

  /** Whether all garbage should be collected now. Readings come at even intervals. */
  isDue({ utilization, heapBytes }: Pick<LoadReading, 'utilization' | 'heapBytes'>): boolean {
    this.#quiet = utilization < QUIET ? this.#quiet + 1 : 0;
    if (this.#leastBytes === 0 || heapBytes < this.#leastBytes) this.#leastBytes = heapBytes;
    return this.#quiet >= QUIET_READINGS && heapBytes >= this.#leastBytes + WORTH;
  }

  /** All was collected, and so many bytes are left. */
  done(heapBytes: number): void {
    this.#quiet = 0;
    this.#leastBytes = heapBytes;
  }
}
