import { expect } from 'vitest';
import type { Framework } from '../apps/app.ts';
import type { Seen } from '../exchange.ts';
import type { Observations, Program } from '../record.ts';

/** Something that an application does, the same over HTTP and over tp. */
export interface Behaviour {
  /** What the framework does, as the rest of a sentence that begins with its name. */
  readonly name: string;
  readonly program: Program;
  /** Holds what was observed over HTTP to what is promised, so that two equal failures are found. */
  promise(http: Observations, framework: Framework): void;
  /** Frameworks that have no such thing, each with the reason. */
  readonly not?: Partial<Record<Framework, string>>;
}

/** What the client saw of one exchange, by its place in the program. */
export function seen(observations: Observations, place = 0): Seen {
  const found = observations.exchanges[place];
  if (found === undefined) throw new Error(`the program has no exchange ${place}`);
  return found;
}

/** All values of a field, in order. */
export function values({ fields }: Pick<Seen, 'fields'>, name: string): string[] {
  return fields.filter((_, i) => i % 2 === 1 && fields[i - 1]?.toLowerCase() === name);
}

/** Holds an exchange to its status and, where given, its JSON. */
export function expectJson(exchange: Seen, status: number, json: unknown): void {
  expect({ status: exchange.status, json: parsed(exchange.body) }).toEqual({ status, json });
}

/** All notes of the application, in order. */
export function notes({ app }: Observations): string[] {
  return app.flatMap((entry) => ('note' in entry ? [entry.note] : []));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
