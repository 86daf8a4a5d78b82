/** Where in a file something stands that was not expected there. */
export interface Flaw {
  readonly file: string;
  /** Counted from 1; undefined when it is about the whole file. */
  readonly line?: number;
  /** The field, such as `log.entries[3].request.method`. */
  readonly field?: string;
  readonly found: string;
  readonly expected: string;
}

/** A traffic file that cannot be used. Its message names file, line, field, what was found and what is expected. */
export class TrafficFileError extends Error {
  readonly flaw: Flaw;

  constructor(flaw: Flaw) {
    const { file, line, field, found, expected } = flaw;
    const place = line === undefined ? file : `${file}:${line}`;
    super(`${place}: ${field ? `${field}: ` : ''}found ${found}; expected ${expected}`);
    this.name = 'TrafficFileError';
    this.flaw = flaw;
  }
}

const SHOWN = 60;

/** A value as an error shows it: as JSON, and not all of a long one. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
