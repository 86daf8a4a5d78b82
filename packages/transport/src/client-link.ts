import { type ErrorCode, MAX_ID, type Processed, type ResponseHead, TpError } from '@tp/wire';
import type { ClientCall } from './client-call.ts';
import type { Connection } from './connection.ts';
import type { Timed } from './deadlines.ts';
import { Link } from './link.ts';
import { linkError } from './link-error.ts';
import type { ResolvedLinkOptions } from './options.ts';

/** What a link tells the pool that opened it. */
export interface ClientLinkEvents {
  /** The hellos are exchanged: calls may be given to it. */
  opened(link: ClientLink): void;
  /** It takes no further call; those under way go on. */
  draining(link: ClientLink): void;
  /** It is over. */
  closed(link: ClientLink, error: TpError): void;
}

/** Past this id a link is replaced, long before ids run out. */
const DRAIN_FROM_ID = MAX_ID / 2;

/** The dialer's side of a link: calls out, responses in. */
export class ClientLink extends Link<ClientCall, ClientCall> {
  protected readonly side = 'client';
  readonly #events: ClientLinkEvents;
  #lastId = 0;
  #finalId: number | undefined;
  #goodbye: TpError | undefined;

  constructor(
    connection: Connection,
    peer: string,
    options: ResolvedLinkOptions,
    events: ClientLinkEvents,
  ) {
    super(connection, peer, options);
    this.#events = events;
    this.begin();
    this.greet();
  }

  /** Calls that were given to it and have not ended. */
  get pending(): number {
    return this.streams.size + this.heads.length;
  }

  /** Whether a call with so many bytes of body in it can be taken. */
  hasRoom(bytes: number): boolean {
    const { limits } = this.options;
    return (
      this.pending < Math.min(limits.maxPendingRequests, this.peerLimits.streams) &&
      this.pendingBytes + bytes <= limits.maxPendingBytes
    );
  }

  /** Takes a call. The link must be open. False when there is no room for it. */
  submit(call: ClientCall): boolean {
    if (!this.hasRoom(call.pendingBytes)) return false;
    call.link = this;
    call.attempts++;
    this.enqueue(call);
    return true;
  }

  /** Counts a call that no link had room for, and says why this one had none. */
  overflow(bytes: number): TpError {
    const { limits } = this.options;
    const bodies = this.pendingBytes;
    if (bodies + bytes > limits.maxPendingBytes) {
      this.counters.hit('maxPendingBytes');
      return overflow(`${bodies} bytes wait for the link to ${this.peer}`);
    }
    this.counters.hit('maxPendingRequests');
    return overflow(`${this.pending} calls are pending on the link to ${this.peer}`);
  }

  /** The call's record was written: answers to it may come (registered before they can). */
  wrote(call: ClientCall): void {
    this.#lastId = call.id;
    this.counters.requests++;
    if (call.attempts > 1) this.counters.retries++;
    this.streams.add(call);
    if (call.id === DRAIN_FROM_ID) this.#drain();
  }

  /** The call has ended. */
  ended(call: ClientCall): void {
    if (this.streams.get(call.id) === call) this.forget(call.id);
  }

  /** Takes no further call, tells the peer, and closes when those under way have ended. */
  close(): void {
    if (this.state === 'closed') return;
    if (this.state === 'opening') {
      this.fail(new TpError({ code: 'CLOSED', message: 'the link was closed', processed: 'no' }));
      return;
    }
    if (this.state === 'open') this.control((encoder) => encoder.goaway(0, 'NO_ERROR', false));
    this.state = 'draining';
    this.endWhenDone();
  }

  eachTimed(visit: (item: Timed) => void): void {
    this.streams.each(visit);
    this.heads.each(visit);
  }

  highestId(): number {
    return this.#lastId;
  }

  /** The peer sends no requests. */
  protected lastTaken(): number {
    return 0;
  }

  protected opened(): void {
    this.#events.opened(this);
  }

  protected failed(error: TpError): void {
    const reported = this.#goodbye ?? error;
    const waiting: ClientCall[] = [];
    for (let item = this.heads.shift(); item !== undefined; item = this.heads.shift()) {
      waiting.push(item);
    }
    this.#events.closed(this, reported);
    for (const call of this.streams.all()) {
      this.streams.delete(call.id);
      call.fail(this.#truth(call.id, reported));
    }
    for (const call of waiting)
      call.fail(new TpError({ ...unprocessed(reported), cause: reported }));
  }

  protected streamError(id: number, error: TpError): void {
    const call = this.streams.get(id);
    if (call === undefined) return;
    this.control((encoder) => encoder.cancel(id, error.code, 'maybe', error.message));
    this.forget(id);
    call.fail(error);
  }

  request(): void {
    this.refuseWrongWay('request');
  }

  protected dropped(): void {}

  protected refuseWrongWay(kind: 'request' | 'response'): void {
    if (kind === 'request') throw linkError('PROTOCOL', 'a request came from the acceptor (W-023)');
  }

  response(
    id: number,
    head: ResponseHead,
    more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const call = this.streams.get(id);
    if (call === undefined) {
      if (id > this.#lastId)
        throw linkError('PROTOCOL', `a response came for ${id}, which was never asked (W-031)`);
      return;
    }
    if (more && end > start) {
      this.streamError(id, linkError('PROTOCOL', 'a head with more to come has a body (W-032)'));
      return;
    }
    if (call.status !== 0) {
      this.streamError(id, linkError('PROTOCOL', 'a second response came (W-032)'));
      return;
    }
    call.respond(head, more, bytes, start, end);
  }

  cancel(id: number, code: ErrorCode, processed: Processed, message: string): void {
    const call = this.streams.get(id);
    if (call === undefined) {
      if (id > this.#lastId) throw linkError('PROTOCOL', `stream ${id} was never opened (W-031)`);
      return;
    }
    if (code === 'NO_ERROR' && call.status !== 0 && !call.receiving) {
      call.stopSending();
      return;
    }
    this.forget(id);
    call.fail(
      new TpError({
        code: code === 'NO_ERROR' ? 'PROTOCOL' : code,
        message: message === '' ? `the peer ended the exchange: ${code}` : message,
        processed,
      }),
    );
  }

  goaway(lastId: number, code: ErrorCode, final: boolean, message: string): void {
    this.#drain();
    if (final) this.#finalGoaway(lastId, code, message);
  }

  #finalGoaway(lastId: number, code: ErrorCode, message: string): void {
    if (this.#finalId !== undefined && lastId > this.#finalId) {
      throw linkError('PROTOCOL', "a goaway's last id has risen (W-101)");
    }
    this.#finalId = lastId;
    if (code !== 'NO_ERROR') {
      this.#goodbye = new TpError({
        code,
        message: `the peer ended the link: ${message === '' ? code : message}`,
      });
    }
    const error = new TpError({
      code: 'CLOSED',
      message: 'the peer was closing and did not take the request',
      processed: 'no',
    });
    for (const call of this.streams.all()) {
      if (call.id <= lastId) continue;
      this.streams.delete(call.id);
      call.fail(error);
    }
    this.endWhenDone();
  }

  #drain(): void {
    if (this.state !== 'open') return;
    this.state = 'draining';
    this.#events.draining(this);
    const waiting: ClientCall[] = [];
    for (let item = this.heads.shift(); item !== undefined; item = this.heads.shift()) {
      waiting.push(item);
    }
    const error = linkError('CLOSED', 'the link takes no further calls');
    for (const call of waiting) call.fail(new TpError(unprocessed(error)));
    this.endWhenDone();
  }

  /** What a broken link means for a request that was written on it. */
  #truth(id: number, error: TpError): TpError {
    if (this.#finalId !== undefined && id > this.#finalId) return new TpError(unprocessed(error));
    return error;
  }
}

/** What a link's end means for a call that was not processed: it may go to another link, unless we ended this one. */
function unprocessed(error: TpError): { code: ErrorCode; message: string; processed: 'no' } {
  const isOurs = error.code === 'CANCEL' || error.code === 'CLOSED';
  return { code: isOurs ? error.code : 'LINK_LOST', message: error.message, processed: 'no' };
}

function overflow(what: string): TpError {
  return new TpError({
    code: 'OVERFLOW',
    message: `${what}; slow down, open more links, or raise the limit`,
    processed: 'no',
  });
}
