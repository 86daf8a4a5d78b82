/** Lines that are kept at most, in characters. */
const MOST_KEPT = 200_000;

/** What has happened, in order. Always sums it up in one number; keeps it to be read only when asked to. */
export class Trace {
  /** The lines, when they are kept. */
  readonly lines: string[] = [];
  readonly keeps: boolean;
  #hash = 0x811c9dc5;

  constructor(keeps: boolean) {
    this.keeps = keeps;
  }

  /** Equal for two histories in which the same things happened at the same times. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }

  /** @param time in virtual ms. */
  add(time: number, who: string, what: string): void {
    this.#mix(Math.round(time * 1000));
    for (let i = 0; i < who.length; i++) this.#mix(who.charCodeAt(i));
    for (let i = 0; i < what.length; i++) this.#mix(what.charCodeAt(i));
    if (!this.keeps || this.lines.length >= MOST_KEPT) return;
    this.lines.push(`${time.toFixed(3).padStart(12)}  ${who.padEnd(12)} ${what}`);
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }
}
