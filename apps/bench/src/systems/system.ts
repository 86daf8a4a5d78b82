import type { Tally } from '../measure/tally.ts';

/** A client and a server in this process with a link between them, ready to be measured. */
export interface System {
  /** Calls, checks the answer and counts it, again and again until the tally says stop. */
  caller(tally: Tally): Promise<void>;
  /** Bytes that crossed the link's sockets so far, both directions; undefined when not counted. */
  wireBytes(): number | undefined;
  close(): Promise<void>;
}
