import { ConfigError, flawOf } from './config-error.ts';
import type { Path } from './file.ts';
import type { Sources } from './sources.ts';

/** Gathers what is wrong with a configuration, so that all of it can be told at once. */
export class Problems {
  readonly #sources: Sources;
  readonly #flaws = new Set<string>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  add(path: Path, found: unknown, expected: string): void {
    this.#flaws.add(flawOf(this.#sources.where(path), found, expected));
  }

  /** @throws {ConfigError} when there was any; each is told once. */
  check(): void {
    if (this.#flaws.size > 0) throw new ConfigError([...this.#flaws]);
  }
}
