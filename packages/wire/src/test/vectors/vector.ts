import type { Limit } from './limits.ts';

/*
 * The format of the files in `vectors/`, which `vectors/README.md` explains, and what a topic writes
 * down to have it made.
 */

/** A run of the same pieces, so that long ones stay short. */
export interface Repeat<T> {
  readonly repeat: T;
  readonly times: number;
}

/** Hex, or text of one byte a character, in pieces. */
export type Folded = string | readonly (string | Repeat<string>)[];
export type Field = readonly [name: string, value: string];
export type FoldedField = readonly [name: Folded, value: Folded];
export type FoldedHead = readonly (FoldedField | Repeat<FoldedField>)[];

export interface Offer {
  readonly codec: 'DEFLATE' | 'ZSTD';
  readonly window_log: number;
}

/** A record, with `B` for its bytes and `H` for its head. */
export type RecordOf<B, H> =
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly head: H;
      readonly body?: B;
      readonly more?: true;
      readonly timeout_ms?: number;
      readonly one_way?: true;
    }
  | {
      readonly kind: 'response';
      readonly id: number;
      readonly head: H;
      readonly body?: B;
      readonly more?: true;
    }
  | { readonly kind: 'data'; readonly id: number; readonly bytes: B; readonly end?: true }
  | { readonly kind: 'trailers'; readonly id: number; readonly head: H }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number }
  | {
      readonly kind: 'cancel';
      readonly id: number;
      readonly code: string;
      readonly processed: 'MAYBE' | 'NO' | 'YES';
      readonly message?: string;
    }
  | { readonly kind: 'ping'; readonly token: number }
  | { readonly kind: 'pong'; readonly token: number }
  | {
      readonly kind: 'goaway';
      readonly last_id: number;
      readonly code: string;
      readonly final?: true;
      readonly message?: string;
    }
  | {
      readonly kind: 'hello';
      readonly version: number;
      readonly codecs: readonly Offer[];
      readonly limits: Readonly<Record<Limit, number>>;
      readonly features: readonly number[];
      readonly checksum: boolean;
      readonly agent: string;
      readonly token: B;
    }
  /** An error of the stream, where the record that breaks a rule stands. */
  | {
      readonly kind: 'error';
      readonly scope: 'stream';
      readonly id: number;
      readonly code: string;
      /** Nothing is said back of it, as the request is one-way (W-125). */
      readonly one_way?: true;
    };

/** A record as a topic writes it: bytes are text of one byte a character. */
export type Said = RecordOf<string, readonly Field[]>;
/** A record as it stands in a file. */
export type FoldedRecord = RecordOf<Folded, FoldedHead>;

export type Side = 'dialer' | 'acceptor';

/** An error of the link; without a code where the rule names none. */
export interface LinkFault {
  readonly scope: 'link';
  readonly code?: string;
  /** Another code that is as good. */
  readonly or?: string;
}

/** One envelope (or preface) on the connection, and what must come of it. */
export interface StepOf<B, R> {
  readonly from: Side;
  readonly bytes: B;
  /** What `packed` unpacks to. */
  readonly unpacked?: B;
  readonly records: readonly R[];
  /** Whether at least one glitch is to be counted (a SHOULD). */
  readonly glitch?: true;
  readonly error?: LinkFault;
}

export interface VectorOf<S> {
  readonly name: string;
  readonly rules: readonly string[];
  /**
   * Which part of a peer finds it. None: whoever reads fields, records and heads. `"envelope"`: also
   * takes checksums, unpacking and the order of the opening. `"link"`: also streams, credit, and
   * what the other direction said.
   */
  readonly level?: 'envelope' | 'link';
  /** Whether the steps start with the connection, and not behind the hellos. */
  readonly opening?: true;
  /** Limits that the receiver's hello says, where they are not the defaults. */
  readonly receiver?: Readonly<Partial<Record<Limit, number>>>;
  /** What the receiver's hello offers. Default: ZSTD with 20, DEFLATE with 15. */
  readonly offers?: readonly Offer[];
  /** False where neither hello asked for checksums. */
  readonly checksum?: false;
  readonly steps: readonly S[];
}

export type Step = StepOf<Uint8Array, Said>;
export type Vector = VectorOf<Step>;
export type FoldedVector = VectorOf<StepOf<Folded, FoldedRecord>>;

/** The vectors of one file. */
export interface Topic {
  /** The file's name without `.json`. */
  readonly name: string;
  readonly about: string;
  readonly vectors: readonly Vector[];
}

/** A file. */
export interface VectorFile {
  readonly about: string;
  readonly vectors: readonly FoldedVector[];
}
