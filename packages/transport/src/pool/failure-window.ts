/**
 * How many of the latest calls to a peer failed: those of the last whole span of time and of the one
 * that runs. Answers are counted elsewhere, as a number that grows; they cost nothing here.
 */
export class FailureWindow {
  readonly #spanMs: number;
  #startedAt = Number.NEGATIVE_INFINITY;
  /** The counter of answers when the span began. */
  #answersAtStart = 0;
  #failures = 0;
  #lastAnswers = 0;
  #lastFailures = 0;

  /** @param spanMs how long failures and answers are remembered at least; at most twice as long. */
  constructor(spanMs: number) {
    this.#spanMs = spanMs;
  }

  /** Begins a new span when the old one is over. To be called often, or answers are forgotten too early. */
  roll(answers: number, now: number): void {
    const age = now - this.#startedAt;
    if (age < this.#spanMs) return;
    const isNext = age < 2 * this.#spanMs;
    this.#lastAnswers = isNext ? difference(answers, this.#answersAtStart) : 0;
    this.#lastFailures = isNext ? this.#failures : 0;
    this.#startedAt = now;
    this.#answersAtStart = answers;
    this.#failures = 0;
  }

  /** A call has failed. */
  add(answers: number, now: number): void {
    this.roll(answers, now);
    this.#failures++;
  }

  /** Calls that ended within the window, answered or failed. */
  calls(answers: number, now: number): number {
    return this.#answered(answers, now) + this.failures(answers, now);
  }

  failures(answers: number, now: number): number {
    this.roll(answers, now);
    return this.#failures + this.#lastFailures;
  }

  #answered(answers: number, now: number): number {
    this.roll(answers, now);
    return difference(answers, this.#answersAtStart) + this.#lastAnswers;
  }
}

/** How far a counter of 32 bits that wraps has come. */
function difference(later: number, earlier: number): number {
  return (later - earlier) | 0;
}
