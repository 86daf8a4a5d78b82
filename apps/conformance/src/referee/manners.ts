import { describe, type Said } from './said.ts';
import { Violation } from './violation.ts';

const GLITCHES = 10_000;
const STRIKES = 2;
/** W-094 says 10 s; pings may be closer where they arrive than where they left. */
const EARLY_MS = 5_000;

/** Judges how a peer behaves on the link as a whole: useless records, pings, the end (section 10). */
export class Manners {
  readonly #asked = new Set<number>();
  #glitches = 0;
  #pingedAt = -Infinity;
  #strikes = 0;
  #goodbye: string | undefined;

  /** The kit has pinged. */
  asked(token: number): void {
    this.#asked.add(token);
  }

  glitch(): void {
    this.#glitches++;
    if (this.#glitches > GLITCHES) throw new Violation('W-095', 'more than 10,000 useless records');
  }

  judge(said: Said): void {
    if (this.#goodbye !== undefined) {
      throw new Violation('W-103', `${describe(said)} came after ${this.#goodbye}`);
    }
    if (said.kind === 'goaway' && said.final && said.code !== 'NO_ERROR') {
      this.#goodbye = describe(said);
    }
    if (said.kind === 'ping') this.#ping();
    if (isUseless(said) || (said.kind === 'pong' && !this.#asked.delete(said.token))) this.glitch();
  }

  #ping(): void {
    const now = performance.now();
    if (now - this.#pingedAt < EARLY_MS) this.#strikes++;
    this.#pingedAt = now;
    if (this.#strikes > STRIKES) throw new Violation('W-094', 'the peer pings too often');
  }
}

function isUseless(said: Said): boolean {
  if (said.kind === 'credit') return said.bytes === 0;
  return said.kind === 'data' && said.bytes.length === 0 && !said.end;
}
