import type { CodecName } from './codes.ts';
import type { ClientUnderTest } from './engine/client-under-test.ts';
import type { Order } from './engine/order.ts';
import type { ServerUnderTest } from './engine/server-under-test.ts';

/** What every case says of itself. */
export interface CaseTitle {
  /** The rule of docs/protocol.md that it checks: `W-017`. */
  readonly rule: string;
  /** What must be, as a sentence. */
  readonly name: string;
  /**
   * What the peer must have; the case does not apply otherwise. A codec or isolated windows: its hello
   * offers them, as the kit packs what it says. `one-way`: a client makes one-way requests. `upgrade`:
   * it asks for other protocols. `token`: the kit was told the token that the peer asks for, or shows; then these cases alone are run.
   */
  readonly needs?: CodecName | 'windows' | 'one-way' | 'upgrade' | 'token';
}

/** What became of all cases that were asked for. */
export interface Findings {
  readonly results: readonly CaseResult[];
  /** How many do not apply, as the peer does not offer what they need. */
  readonly omitted: number;
}

/** A case for servers: it drives the server over links of its own, and throws when something is wrong. */
export interface ServerCase extends CaseTitle {
  /** It fills the whole server, or keeps it busy, so nothing else may run meanwhile. */
  readonly alone?: true;
  run(server: ServerUnderTest): Promise<void>;
}

/** A case for clients: the order that the client is given, and what the kit does on its link. */
export interface ClientCase extends CaseTitle, Order {
  run(client: ClientUnderTest): Promise<void>;
}

/** How a case ended. */
export interface CaseResult {
  readonly rule: string;
  readonly name: string;
  readonly ok: boolean;
  /** What was expected and what came; empty when it passed. */
  readonly why: string;
}
