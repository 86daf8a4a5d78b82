/** Requests that wait under a name until they are let go. */
export class Held {
  readonly #names = new Map<string, Set<() => void>>();

  /**
   * Keeps a request: `go` is called when the name is released, unless the signal fires before,
   * which calls `gone`.
   */
  hold(name: string, signal: AbortSignal, go: () => void, gone: () => void): void {
    if (signal.aborted) {
      gone();
      return;
    }
    const all = this.#names.get(name) ?? new Set();
    this.#names.set(name, all);
    const onAbort = () => {
      this.#forget(name, release);
      gone();
    };
    const release = () => {
      signal.removeEventListener('abort', onAbort);
      go();
    };
    all.add(release);
    signal.addEventListener('abort', onAbort, { once: true });
  }

  /** How many are held under the name. */
  count(name: string): number {
    return this.#names.get(name)?.size ?? 0;
  }

  /** Lets all of the name go, and gives their number. */
  release(name: string): number {
    const all = [...(this.#names.get(name) ?? [])];
    this.#names.delete(name);
    for (const release of all) release();
    return all.length;
  }

  #forget(name: string, release: () => void): void {
    const all = this.#names.get(name);
    all?.delete(release);
    if (all?.size === 0) this.#names.delete(name);
  }
}
