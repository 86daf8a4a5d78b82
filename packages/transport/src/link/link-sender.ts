import type { TpError } from '@tp/wire';
import type { Timer } from '../clock.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { ResolvedLinkOptions } from '../options.ts';
import type { Connection } from '../socket/connection.ts';
import type { LinkCounters } from '../stats/stats.ts';
import { linkError } from './link-error.ts';
import type { LinkState } from './link-state.ts';
import type { Control, Outbox, Sendable } from './outbox.ts';
import type { Sealer } from './sealer.ts';

/** What the sender asks of its link. */
interface SendingLink {
  readonly state: LinkState;
  readonly options: ResolvedLinkOptions;
  readonly counters: LinkCounters;
  readonly stalls: { blocked(): void };
  /** The connection has taken a batch at once. */
  taken(): void;
  /** All that waited was written, and the connection has taken it. */
  sent(): void;
  fail(error: TpError): void;
}

/**
 * The way out of a link: what is put in line goes into batches, and these to the connection while it
 * takes them. What a batch that came makes us say goes in one batch behind it; what other sockets
 * bring waits for the end of the event loop's turn, as more may come with it; and while a write is in
 * flight, records gather.
 */
export class LinkSender<Waiting extends Sendable> {
  /** When the batch that is being filled was begun. */
  sendingAt = 0;
  /** When a batch was sent last through the shared window, or would have been if there were one. */
  busyAt = 0;
  /** Whether the connection has not passed on all that was written, and that is more than control. */
  isWriting = false;
  readonly #link: SendingLink;
  readonly #connection: Connection;
  readonly #outbox: Outbox<Waiting>;
  readonly #sealer: Sealer;
  #delayTimer: Timer | undefined;
  #scheduled = false;
  /** What has come is being dealt with. */
  #isAnswering = false;
  /** What that has put in line goes when it is over. */
  #isAwaited = false;
  #blocked = false;

  constructor(link: SendingLink, connection: Connection, outbox: Outbox<Waiting>, sealer: Sealer) {
    this.#link = link;
    this.#connection = connection;
    this.#outbox = outbox;
    this.#sealer = sealer;
  }

  /** Whether what was said last has not left yet, as the peer reads slowly. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Bytes that the connection has taken, in all; of large batches, as they leave piece by piece. */
  get taken(): number {
    return this.#connection.bytesOut;
  }

  /** Puts a head in line. */
  enqueue(item: Waiting): void {
    this.#outbox.addHead(item);
    this.wake(false);
  }

  /** Puts something in line behind all heads. */
  enqueueLast(item: Waiting): void {
    this.#outbox.addLast(item);
    this.wake(false);
  }

  /** Puts a record of control in line, ahead of heads and data. */
  control(write: Control): void {
    if (this.#isClosed) return;
    const unread = this.#blocked ? this.#outbox.controls : 0;
    if (unread >= this.#link.options.limits.maxQueuedControl) {
      this.#link.counters.hit('maxQueuedControl');
      this.#link.fail(
        linkError('ENHANCE_YOUR_CALM', 'the peer does not read the answers that it causes'),
      );
      return;
    }
    this.#outbox.addControl(write);
    this.wake(true);
  }

  /** A body has something to send: it joins the round. */
  writable(exchange: Exchange): void {
    if (this.#outbox.addBody(exchange)) this.wake(false);
  }

  /** A stream has credit to give back. */
  grant(exchange: Exchange): void {
    this.#outbox.addGrant(exchange);
    this.wake(true);
  }

  /** The link has credit to give back. */
  grantLink(): void {
    this.#outbox.addLinkGrant();
    this.wake(true);
  }

  /**
   * Something has come and is dealt with now: what that puts in line need not wait for what other
   * sockets bring. Ends with `answered` or `answersLater`.
   */
  answering(): void {
    this.#isAnswering = true;
  }

  /** What has come was dealt with, down to the last answer. */
  readonly answered = (): void => {
    this.#isAnswering = false;
    if (!this.#isAwaited) return;
    this.#isAwaited = false;
    this.#flush();
  };

  /** What has come was dealt with, but for what the promises that it has settled still do. */
  answersLater(): void {
    this.#link.options.clock.settle(this.answered);
  }

  /** Sees to it that a batch is sent when what runs now has run. */
  wake(urgent: boolean): void {
    if (!this.#scheduled && !this.#blocked) this.#schedule(urgent);
  }

  /** The connection has passed on all that was written. */
  drained(): void {
    this.#blocked = false;
    this.isWriting = false;
    if (this.#link.state !== 'opening') this.#flush();
  }

  /** Writes what is no batch of what waits: the opening. */
  write(bytes: Uint8Array): void {
    if (!this.#connection.write(bytes)) this.#blocked = true;
  }

  /** Lets go of the isolated windows that nobody has used since `usedBefore`. */
  releaseIsolated(usedBefore: number): void {
    if (this.#canSay) this.#sealer.releaseIsolated(usedBefore, this.#say);
  }

  /** The link rests: lets go of what the next batch takes again when it needs it. */
  release(): void {
    if (!this.#canSay) return;
    this.#outbox.trim();
    this.#sealer.release(this.#say);
  }

  /** Sends nothing further. */
  close(): void {
    this.#delayTimer?.clear();
    this.#outbox.dropControls();
    this.#sealer.close();
  }

  #schedule(urgent: boolean): void {
    const { state, options } = this.#link;
    if (state === 'opening' || state === 'closed') return;
    const { clock, maxBatchDelayMs, maxBatchBytes } = options;
    const waits = maxBatchDelayMs > 0 && !urgent && this.#outbox.gathered < maxBatchBytes;
    if (!waits) {
      this.#scheduled = true;
      if (this.#isAnswering) this.#isAwaited = true;
      else clock.defer(this.#flush);
    } else if (this.#delayTimer === undefined) {
      this.#delayTimer = clock.after(maxBatchDelayMs, this.#flush);
    }
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#delayTimer?.clear();
    this.#delayTimer = undefined;
    this.sendingAt = this.#link.options.clock.now();
    try {
      this.#send();
    } catch (error) {
      this.#link.fail(linkError('INTERNAL', 'sending failed', error));
    }
  };

  #send(): void {
    const sealer = this.#sealer;
    while (!this.#blocked && !this.#isClosed && this.#link.state !== 'opening') {
      if (this.#outbox.isEmpty) break;
      sealer.begin();
      const controlOnly = this.#outbox.fill(sealer.encoder, this.sendingAt);
      if (this.#isClosed) return;
      const { size } = sealer.encoder;
      if (size === 0) {
        sealer.rest();
        break;
      }
      const { tenant } = this.#outbox;
      if (!controlOnly && tenant === undefined) this.busyAt = this.sendingAt;
      const envelope = sealer.seal(controlOnly, tenant, this.sendingAt);
      this.#link.counters.sent(size, envelope.length);
      const isGone = this.#connection.write(envelope);
      if (isGone) this.#link.taken();
      else {
        this.isWriting = !controlOnly;
        this.#block();
      }
      sealer.next(envelope, isGone);
    }
    if (!this.#blocked) this.#link.sent();
  }

  #block(): void {
    this.#blocked = true;
    this.#link.stalls.blocked();
  }

  get #isClosed(): boolean {
    return this.#link.state === 'closed';
  }

  /** Whether an envelope may go out at once. */
  get #canSay(): boolean {
    const { state } = this.#link;
    return !this.#blocked && (state === 'open' || state === 'draining');
  }

  /** Writes an envelope without records. */
  readonly #say = (envelope: Uint8Array): void => {
    this.#link.counters.sent(0, envelope.length);
    if (!this.#connection.write(envelope)) this.#block();
  };
}
