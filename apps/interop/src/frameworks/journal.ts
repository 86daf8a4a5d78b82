/** Anything that JSON can say. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** What an application saw of one request, in the shape that its framework gives it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** Name, value, name, value, …, as they came. */
  readonly fields: readonly string[];
}

export type Entry = { readonly request: SeenRequest } | { readonly note: string };

interface Waiting {
  readonly note: string;
  readonly resolve: () => void;
}

/** What one application observes, in order. Client programs wait for notes instead of for time. */
export class Journal {
  #entries: Entry[] = [];
  #waiting: Waiting[] = [];

  request(method: string, url: string, fields: readonly string[]): void {
    this.#entries.push({ request: { method, url, fields: [...fields] } });
  }

  note(note: string): void {
    this.#entries.push({ note });
    const told = this.#waiting.filter((one) => one.note === note);
    this.#waiting = this.#waiting.filter((one) => one.note !== note);
    for (const { resolve } of told) resolve();
  }

  /** Resolves once that note stands here. */
  until(note: string): Promise<void> {
    if (this.#entries.some((entry) => 'note' in entry && entry.note === note)) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push({ note, resolve }));
  }

  /** All entries since the last call; nobody waits any more. */
  take(): Entry[] {
    const taken = this.#entries;
    this.#entries = [];
    this.#waiting = [];
    return taken;
  }
}
