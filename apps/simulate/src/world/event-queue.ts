/** Something that happens at a time. */
export interface SimEvent {
  /** In virtual ms. */
  time: number;
  /** Breaks ties: what was planned first comes first. */
  readonly order: number;
  /** Undefined once it was called off. */
  call: (() => void) | undefined;
  /** Whose turn it is; undefined for the network and the history itself, which are never busy. */
  readonly owner: Owner | undefined;
}

/** A process in which events happen, one at a time. */
export interface Owner {
  /** Events of a process that was killed do not happen. */
  readonly alive: boolean;
  /** Nothing happens in it before. */
  readonly busyUntil: number;
}

/** Events by time, then by order: a binary heap. */
export class EventQueue {
  readonly #heap: SimEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  pop(): SimEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: SimEvent, other: SimEvent): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order);
}
