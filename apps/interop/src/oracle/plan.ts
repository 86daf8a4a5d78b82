/** How the pieces of a stream follow each other: `in step` only when the other side has the last one. */
export type Pace = 'at once' | 'slow' | 'in step';

/** The body of a request. Sizes are in bytes. */
export type AskedBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'text' | 'bytes' | 'blob' | 'form' | 'params'; readonly size: number }
  | {
      readonly kind: 'stream';
      readonly pieces: readonly number[];
      readonly pace: Pace;
      /** It fails after its last piece. */
      readonly breaks: boolean;
    };

/** What the client asks. */
export interface Asked {
  readonly method: string;
  /** Path and query as they stand behind the origin. */
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: AskedBody;
  readonly redirect: 'follow' | 'manual' | 'error';
}

/** One answer that leads on. */
export interface Hop {
  readonly status: number;
  /** What stands in `location`; undefined is none. */
  readonly location: string | undefined;
}

/** What the listener answers in the end. */
export interface Answered {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  /** When it reads the request: before its head, behind it, or never. */
  readonly reads: 'first' | 'late' | 'never';
  readonly pieces: readonly number[];
  readonly pace: Pace;
  readonly coding: 'none' | 'gzip' | 'br' | 'deflate' | 'broken gzip';
  /** Whether the head says how long the body is. */
  readonly declared: boolean;
  readonly trailers: boolean;
  /** Where the listener destroys it. */
  readonly cut: 'nowhere' | 'before the head' | 'at the head' | 'in the body';
}

/** Where the client leaves: with an abort, or by cancelling the body. */
export type Leave =
  | 'never'
  | 'before it asks'
  | 'once it has asked'
  | 'at the head'
  | 'in the body'
  | 'by cancelling';

/** One exchange, the same over HTTP and over tp. */
export interface Plan {
  readonly asked: Asked;
  readonly hops: readonly Hop[];
  readonly answered: Answered;
  readonly leave: Leave;
}
