import { createHash } from 'node:crypto';
import type { Answer, Ask, Send } from './send.ts';

/** What a client saw of one exchange, in the same shape over HTTP and over tp. */
export interface Seen {
  /** 0 when there was no head. */
  status: number;
  reason: string;
  /** Name, value, name, value, …, in order and case. */
  fields: readonly string[];
  /** 1xx heads. */
  information: { readonly status: number; readonly fields: readonly string[] }[];
  /**
   * As text, or its length and hash where it is long or no text. Empty where the server cut it, and
   * only what was read until then where the client left: how much comes through is chance.
   */
  body: string;
  bytes: number;
  trailers: readonly string[];
  /** How it ended. */
  end:
    | 'whole'
    | 'cut before the head'
    | 'cut in the body'
    | 'left before the head'
    | 'left in the body';
}

const SHOWN = 4096;

/** One request and its response, read at the pace that a program says. */
export class Exchange {
  readonly seen: Seen = {
    status: 0,
    reason: '',
    fields: [],
    information: [],
    body: '',
    bytes: 0,
    trailers: [],
    end: 'whole',
  };
  /** Whether it went over a connection that had carried one before; undefined over tp. */
  reused: boolean | undefined = undefined;
  readonly #leaving = new AbortController();
  readonly #pieces: Uint8Array[] = [];
  #answer: Answer | undefined;
  #body: AsyncIterator<Uint8Array> | undefined;

  /** Sends it, and resolves when the head is there or will never come. */
  async open(send: Send, ask: Ask): Promise<this> {
    try {
      const answer = await send(ask, this.#leaving.signal, (status, fields) => {
        this.seen.information.push({ status, fields });
      });
      this.#answer = answer;
      this.#body = answer.body[Symbol.asyncIterator]();
      this.reused = answer.reused;
      Object.assign(this.seen, {
        status: answer.status,
        reason: answer.reason,
        fields: answer.fields,
      });
    } catch {
      this.#ended('before the head');
    }
    return this;
  }

  /** Reads on until the body has that text in it, or ends. */
  async readUntil(text: string): Promise<void> {
    while (!Buffer.concat(this.#pieces).includes(text) && (await this.#read()));
  }

  /** Reads to the end. */
  async rest(): Promise<Seen> {
    while (await this.#read());
    return this.seen;
  }

  /** The client goes away. */
  leave(): void {
    this.#leaving.abort();
  }

  /** Whether there may be more. */
  async #read(): Promise<boolean> {
    if (this.#body === undefined) return false;
    try {
      const { done, value } = await this.#body.next();
      if (done !== true) {
        if (!this.#leaving.signal.aborted) this.#pieces.push(Uint8Array.from(value));
        return true;
      }
      this.#ended('in the body');
    } catch {
      this.#ended('in the body', true);
    }
    return false;
  }

  #ended(where: 'before the head' | 'in the body', failed = where === 'before the head'): void {
    const { seen } = this;
    this.#body = undefined;
    const left = this.#leaving.signal.aborted;
    if (failed) seen.end = `${left ? 'left' : 'cut'} ${where}`;
    if (failed && !left) return;
    const all = Buffer.concat(this.#pieces);
    seen.bytes = all.length;
    seen.body = shown(all);
    seen.trailers = this.#answer?.trailers() ?? [];
  }
}

function shown(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (bytes.length <= SHOWN && Buffer.from(text).equals(bytes)) return text;
  return `${bytes.length} bytes, SHA-256 ${createHash('sha256').update(bytes).digest('hex')}`;
}
