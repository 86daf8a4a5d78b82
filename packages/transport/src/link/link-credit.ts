import { MAX_CREDIT } from '@tp/wire';
import type { ReceiveWindow } from '../body/receive-window.ts';
import { linkError } from './link-error.ts';

/** What the link's credit needs of the way out. */
interface CreditedSender {
  /** The link has credit to give back. */
  grantLink(): void;
  wake(urgent: boolean): void;
}

/** What is under way learns by the link's credit of what has come. */
interface CreditedFlight {
  credited(bytes: number, left: number): void;
}

/** The credit that all streams of a link share, in both directions (W-042 to W-044). */
export class LinkCredit {
  readonly #window: ReceiveWindow;
  readonly #outbox: { credit: number };
  readonly #flight: CreditedFlight;
  readonly #sender: CreditedSender;
  readonly #counters: { hit(limit: string): void };

  constructor(
    window: ReceiveWindow,
    outbox: { credit: number },
    flight: CreditedFlight,
    sender: CreditedSender,
    counters: { hit(limit: string): void },
  ) {
    this.#window = window;
    this.#outbox = outbox;
    this.#flight = flight;
    this.#sender = sender;
    this.#counters = counters;
  }

  /** Data came at `now`. @throws {TpError} FLOW_CONTROL for more than there is credit for (W-043). */
  spend(bytes: number, now: number): void {
    if (bytes > this.#window.left) {
      this.#counters.hit('linkWindow');
      throw linkError('FLOW_CONTROL', 'more data came than the link has credit for (W-043)');
    }
    this.#window.spend(bytes, now);
  }

  /** Bytes of data were consumed or dropped: the link may grant them again (W-044). */
  giveBack(bytes: number, now: number): void {
    if (bytes === 0) return;
    const window = this.#window;
    if (window.give(bytes, 0, now) || window.due >= window.left) this.#sender.grantLink();
  }

  /** The peer grants more. @throws {TpError} FLOW_CONTROL when that is too much (W-043). */
  granted(bytes: number): void {
    this.#flight.credited(bytes, this.#outbox.credit);
    this.#outbox.credit += bytes;
    if (this.#outbox.credit > MAX_CREDIT)
      throw linkError('FLOW_CONTROL', "the link's credit overflows (W-043)");
    this.#sender.wake(false);
  }
}
