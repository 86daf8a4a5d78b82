/** What may be wrong with a history, by the promise that was broken. */
export type ViolationKind =
  | 'wrong answer'
  | 'wrong request'
  | 'body cut short'
  | 'untrue processed'
  | 'ran twice'
  | 'error without cause'
  | 'call failed'
  | 'late'
  | 'early'
  | 'never ended'
  | 'no recovery'
  | 'handler left'
  | 'source left'
  | 'source misused'
  | 'connection misused'
  | 'work left'
  | 'credit lost'
  | 'timer left'
  | 'link left'
  | 'close hangs'
  | 'exception'
  | 'unhandled rejection';

/** A promise that was broken. */
export interface Violation {
  readonly kind: ViolationKind;
  /** Says what was found, and of which call. */
  readonly what: string;
  /** When, in virtual ms. */
  readonly at: number;
}
