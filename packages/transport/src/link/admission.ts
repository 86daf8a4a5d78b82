import type { BatchEncoder, TpError } from '@tp/wire';
import { type Refusal, Refusals, refusal } from '../exchange/refusals.ts';
import type { Turns } from '../exchange/turns.ts';
import type { LinkLimits } from '../limits.ts';
import { linkError } from './link-error.ts';
import type { Control } from './outbox.ts';

/** What is asked of the link that requests come on. */
interface AdmittingLink {
  readonly options: { readonly limits: LinkLimits };
  readonly counters: { hit(limit: string): void };
  readonly receivedAt: number;
  readonly streams: { readonly size: number };
  readonly sender: { readonly blocked: boolean; control(write: Control): void };
  fail(error: TpError): void;
}

/** What handlers do, over all links of a server. */
interface Load {
  /** Handlers that run now. */
  readonly running: number;
  readonly turns: Turns;
}

const TOO_MANY_STREAMS = refusal('maxConcurrentStreams', 'REFUSED');
const TOO_MANY_HANDLERS = refusal('maxRunningHandlers', 'REFUSED');
const TOO_MANY_BYTES = refusal('maxRunningBytes', 'REFUSED');
const TOO_LATE = refusal('maxHandlerWait', 'OVERLOADED');

/** Which requests a server takes; the others are told so. */
export class Admission {
  /** Bytes of bodies that handlers of the link's requests hold or that wait for one. */
  runningBytes = 0;
  readonly #link: AdmittingLink;
  readonly #load: Load;
  readonly #refused = new Refusals();

  constructor(link: AdmittingLink, load: Load) {
    this.#link = link;
    this.#load = load;
  }

  /** Why a request with so many bytes of body in it is not taken; undefined: it is. */
  refusal(bodyBytes: number, oneWay: boolean): Refusal | undefined {
    const { options, streams, receivedAt } = this.#link;
    const { limits } = options;
    if (!oneWay && streams.size >= limits.streams) return TOO_MANY_STREAMS;
    const { running, turns } = this.#load;
    if (running + turns.length >= limits.maxRunningHandlers) return TOO_MANY_HANDLERS;
    if (turns.length > 0 && turns.isTooLate(receivedAt, limits.maxHandlerWaitMs)) return TOO_LATE;
    if (this.runningBytes + bodyBytes > limits.maxRunningBytes) return TOO_MANY_BYTES;
    return undefined;
  }

  /** So many bytes of a body wait for their handler besides. False: they are too many, which is counted. */
  hold(bytes: number): boolean {
    const { options, counters } = this.#link;
    if (this.runningBytes + bytes > options.limits.maxRunningBytes) {
      counters.hit(TOO_MANY_BYTES.limit);
      return false;
    }
    this.runningBytes += bytes;
    return true;
  }

  /** Tells the peer that a request is not taken. */
  refuse(id: number, why: Refusal): void {
    const { options, sender, counters } = this.#link;
    const isFirst = this.#refused.add(id, why);
    if (isFirst) sender.control(this.#sayRefused);
    else if (sender.blocked && this.#refused.length > options.limits.streams) {
      counters.hit('maxQueuedControl');
      this.#link.fail(linkError('ENHANCE_YOUR_CALM', 'the peer does not read that it is refused'));
    }
  }

  readonly #sayRefused = (encoder: BatchEncoder): void => {
    this.#refused.write(encoder);
    if (this.#refused.length > 0) this.#link.sender.control(this.#sayRefused);
  };
}
