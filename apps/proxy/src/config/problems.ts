import { ConfigError, flawOf } from './config-error.ts';
import type { Path } from './file.ts';
import type { Sources } from './sources.ts';

/** Gathers what is wrong with a configuration, so that all of it can be told at once. */
export class Problems {
  readonly #sources: Sources;
  readonly #flaws = new Map<string, number>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Notes one; of a token, what was found is not told, as errors go into logs. */
  add(path: Path, value: unknown, expected: string): void {
    const isSecret = path.includes('token') || path.includes('tokens');
    const found = isSecret && value !== undefined && value !== '' ? '(not shown)' : value;
    this.#flaws.set(flawOf(this.#sources.where(path), found, expected), this.#sources.lineOf(path));
  }

  /** @throws {ConfigError} when there was any; each once, in the order of the file. */
  check(): void {
    if (this.#flaws.size === 0) return;
    const byLine = [...this.#flaws].toSorted(([, line], [, other]) => line - other);
    throw new ConfigError(byLine.map(([flaw]) => flaw));
  }
}
