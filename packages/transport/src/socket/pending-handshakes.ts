/** A connection that is not a link yet. */
interface Pending {
  /** Where it came from. */
  readonly host: string;
  /** Ends it. */
  drop(): void;
}

/**
 * Connections to a server that have not said their hello, or shaken hands on TLS. While they are too
 * many, each that comes takes the place of another: of the oldest from the same host, so that who
 * opens many does so at his own expense, else of the oldest.
 */
export class PendingHandshakes {
  readonly #most: number;
  readonly #onDrop: () => void;
  /** In the order in which they came. */
  readonly #pending = new Map<unknown, Pending>();

  /** @param onDrop is called for each that had to go. */
  constructor(most: number, onDrop: () => void) {
    this.#most = most;
    this.#onDrop = onDrop;
  }

  /**
   * A connection has come.
   *
   * @param key what it is known by.
   * @param remote the other end: `192.0.2.1:7000`.
   */
  add(key: unknown, remote: string, drop: () => void): void {
    const host = remote.replace(/:\d+$/, '');
    if (this.#pending.size >= this.#most) this.#dropFor(host);
    this.#pending.set(key, { host, drop });
  }

  /** It is a link, or has ended. */
  delete(key: unknown): void {
    this.#pending.delete(key);
  }

  #dropFor(host: string): void {
    const key = this.#oldestOf(host);
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    this.#onDrop();
    pending?.drop();
  }

  #oldestOf(host: string): unknown {
    for (const [key, pending] of this.#pending) if (pending.host === host) return key;
    return this.#pending.keys().next().value;
  }
}
