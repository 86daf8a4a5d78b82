/** A peer of ours, changed in one place so that it breaks a rule. A kit that passes it proves nothing. */
export interface Mutant {
  /** What it does wrong, without its subject: `answers no ping`. */
  readonly name: string;
  /** The rule of docs/protocol.md that it breaks: `W-093`. */
  readonly rule: string;
  readonly role: 'server' | 'client';
  /** The compiled file that is changed: `wire/dist/reader.js`. */
  readonly file: string;
  /** Stands in that file exactly once. */
  readonly find: string;
  /** Stands there instead. */
  readonly replace: string;
  /** Further rules whose cases are run, where they bring about what the referee judges by `rule`. */
  readonly beside?: readonly string[];
}
