/**
 * What says that an exchange is not wanted any more: every `AbortSignal`, and `Cancellation`, which
 * costs a fraction.
 */
export interface CancelSignal {
  readonly aborted: boolean;
  /** Why; undefined while nothing has happened. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: CancelListener): void;
  removeEventListener(type: 'abort', listener: CancelListener): void;
}

/** Who is told. An object and no closure: one for each call kept a fifth of all calls alive until the next full collection. */
export interface CancelListener {
  handleEvent(): void;
}

/**
 * A signal that fires once, for those who pass requests on. An `AbortSignal` with a listener takes a
 * map, a list and a bound function to make.
 */
export class Cancellation implements CancelSignal {
  aborted = false;
  reason: unknown = undefined;
  /** There is seldom more than one. */
  #listener: CancelListener | undefined = undefined;
  #others: CancelListener[] | undefined = undefined;

  addEventListener(_type: 'abort', listener: CancelListener): void {
    if (this.aborted) return;
    if (this.#listener === undefined) this.#listener = listener;
    else (this.#others ??= []).push(listener);
  }

  removeEventListener(_type: 'abort', listener: CancelListener): void {
    if (this.#listener === listener) this.#listener = this.#others?.shift();
    else if (this.#others !== undefined)
      this.#others = this.#others.filter((other) => other !== listener);
  }

  /** Calls all that listen, and none of them again. What happens after the first time does nothing. */
  cancel(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = [this.#listener, ...(this.#others ?? [])];
    this.#listener = undefined;
    this.#others = undefined;
    for (const listener of listeners) listener?.handleEvent();
  }
}
