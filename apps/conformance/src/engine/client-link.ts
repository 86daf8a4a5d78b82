import type { Code } from '../codes.ts';
import { type Field, status } from '../craft/head.ts';
import { ping, type Rest, response } from '../craft/record.ts';
import { describe, type SaidOf, type TextField } from '../referee/said.ts';
import { Failure } from './failure.ts';
import { Link } from './link.ts';

const NOTHING = new Uint8Array(0);

/** A link of a client under test: the kit answers. */
export class ClientLink extends Link {
  #tokens = 0;

  /** Takes the next request, or the next for that path. */
  async request(path?: string): Promise<SaidOf<'request'>> {
    const isWanted = (said: SaidOf<'request'>) => path === undefined || said.path === path;
    return this.next('request', isWanted, `a request${path === undefined ? '' : ` for ${path}`}`);
  }

  /** Takes what follows a request's head until its end. */
  async rest(id: number): Promise<{ body: Uint8Array; trailers: readonly TextField[] }> {
    const pieces: Uint8Array[] = [];
    const isIts = (said: { readonly id: number }) => said.id === id;
    for (;;) {
      const said = await this.until(
        `the rest of request ${id}`,
        () =>
          this.taken('data', isIts) ?? this.taken('trailers', isIts) ?? this.taken('cancel', isIts),
      );
      if (said.kind === 'cancel') throw new Failure(`the rest of request ${id}`, describe(said));
      if (said.kind === 'data') pieces.push(said.bytes);
      const body = () => (pieces.length === 0 ? NOTHING : Buffer.concat(pieces));
      if (said.kind === 'trailers') return { body: body(), trailers: said.fields };
      if (said.end) return { body: body(), trailers: [] };
    }
  }

  /** Says a whole response, or with `more` its head. */
  answer(id: number, code: number, fields: readonly Field[] = [], rest: Rest = {}): void {
    this.send(response(status(code, fields), { ...rest, id }));
  }

  /** Says an informational response. */
  inform(id: number, code: number, fields: readonly Field[] = []): void {
    this.send(response(status(code, fields), { id }, false));
  }

  /**
   * Shows by a ping that the client has read everything so far, and that the link still works. A
   * link bears three of them (W-094).
   */
  async alive(): Promise<void> {
    const token = ++this.#tokens;
    this.send(ping(token));
    await this.next('pong', (said) => said.token === token, `the pong to ping ${token}`);
  }

  /** Expects a Cancel of the stream with that code. */
  async cancelled(id: number, code: Code): Promise<void> {
    const what = `Cancel ${id} ${code}`;
    const said = await this.next('cancel', (one) => one.id === id, what);
    if (said.code !== code) throw new Failure(what, describe(said));
  }
}
