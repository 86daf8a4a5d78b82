import type { Code, Processed } from '../codes.ts';
import type { Field } from '../craft/head.ts';
import { get, type Head } from '../craft/head.ts';
import { type Rest, request } from '../craft/record.ts';
import { describe, type SaidOf, type TextField } from '../referee/said.ts';
import { expectEqual, Failure } from './failure.ts';
import { Link } from './link.ts';
import { text } from './text.ts';

/** A whole response. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly TextField[];
  readonly body: Uint8Array;
  readonly trailers: readonly TextField[];
  /** Statuses of the informational responses before it. */
  readonly info: readonly number[];
}

const NOTHING = new Uint8Array(0);

/** A link to a server under test: the kit asks. */
export class ServerLink extends Link {
  /** Sends a request, and gives its id. */
  ask(head: Head, rest: Rest = {}): number {
    return this.send(request(head, rest));
  }

  /** Asks for a path, and gives the whole answer. */
  async get(path: string, fields: readonly Field[] = []): Promise<Answer> {
    return this.answer(this.ask(get(path, fields)));
  }

  /**
   * Shows that the link still works: a plain request gets its answer. As records are processed in
   * order (W-021), everything said before has been processed then.
   */
  async alive(): Promise<void> {
    const { status, body } = await this.get('/');
    expectEqual('the status of GET /', status, 200);
    expectEqual('the body of GET /', text(body), 'ok');
  }

  /** The head of the response. Informational ones before it are passed over. */
  async head(id: number): Promise<SaidOf<'response'>> {
    const isIts = (said: { readonly id: number }) => said.id === id;
    return this.until(`a response to ${id}`, () => {
      for (;;) {
        const found = this.taken('response', isIts);
        if (found === undefined) break;
        if (isFinal(found)) return found;
      }
      this.#notCancelled(id);
      return undefined;
    });
  }

  /** The whole response. */
  async answer(id: number): Promise<Answer> {
    const info: number[] = [];
    const isIts = (said: { readonly id: number }) => said.id === id;
    const head = await this.until(`a response to ${id}`, () => {
      for (;;) {
        const found = this.taken('response', isIts);
        if (found === undefined) break;
        if (isFinal(found)) return found;
        info.push(found.status);
      }
      this.#notCancelled(id);
      return undefined;
    });
    const { status, reason, fields } = head;
    const rest = head.more ? await this.rest(id) : { body: head.body, trailers: [] };
    return { status, reason, fields, ...rest, info };
  }

  /** What follows a response's head until its end. */
  async rest(id: number): Promise<{ body: Uint8Array; trailers: readonly TextField[] }> {
    const pieces: Uint8Array[] = [];
    const isIts = (said: { readonly id: number }) => said.id === id;
    for (;;) {
      const said = await this.until(`the rest of the response to ${id}`, () => {
        const found = this.taken('data', isIts) ?? this.taken('trailers', isIts);
        if (found === undefined) this.#notCancelled(id);
        return found;
      });
      if (said.kind === 'data') pieces.push(said.bytes);
      const body = () => (pieces.length === 0 ? NOTHING : Buffer.concat(pieces));
      if (said.kind === 'trailers') return { body: body(), trailers: said.fields };
      if (said.end) return { body: body(), trailers: [] };
    }
  }

  /** Expects a Cancel of the stream with that code and one of those truths. */
  async cancelled(id: number, code: Code, ...truths: readonly Processed[]): Promise<void> {
    const truth = truths.length === 0 ? '' : `, processed ${truths.join(' or ')}`;
    const what = `Cancel ${id} ${code}${truth}`;
    const isWhole = (one: SaidOf<'response'>) => one.id === id && isFinal(one) && !one.more;
    const said = await this.until(
      what,
      () => this.taken('cancel', (one) => one.id === id) ?? this.taken('response', isWhole),
    );
    if (said.kind === 'response' || said.code !== code) throw new Failure(what, describe(said));
    if (truths.length > 0 && !truths.includes(said.processed)) {
      throw new Failure(what, describe(said));
    }
  }

  #notCancelled(id: number): void {
    const cancel = this.taken('cancel', (said) => said.id === id);
    if (cancel !== undefined) throw new Failure(`a response to ${id}`, describe(cancel));
  }
}

function isFinal({ status }: { readonly status: number }): boolean {
  return status >= 200 || status === 101;
}
