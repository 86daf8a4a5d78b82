/** Whoever waits for a change of which there is no event of its own: asks at each change, until the answer is true. */
export class Watchers<News> {
  readonly #checks = new Set<(news: News | undefined) => boolean>();

  /** Asks now and at each change, until the answer is true. */
  watch(check: (news: News | undefined) => boolean): void {
    if (!check(undefined)) this.#checks.add(check);
  }

  /** Resolves once the condition is true. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.watch(() => {
        if (!condition()) return false;
        resolve();
        return true;
      });
    });
  }

  /** Something has changed. */
  tell(news: News | undefined): void {
    for (const check of this.#checks) if (check(news)) this.#checks.delete(check);
  }
}
