/** Watches that something happens again and again: `onSilence` is called when it does not. */
export class SilenceTimer {
  readonly #onSilence: () => void;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  /** Begins to wait for so many ms; 0 is for ever. */
  start(timeoutMs: number): void {
    if (timeoutMs > 0) this.#timer = setTimeout(this.#onSilence, timeoutMs);
  }

  /** Something has happened. */
  again(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
