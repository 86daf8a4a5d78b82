import type { Figures } from '../admin/figures.ts';
import type { FileCopies } from '../config/read-file.ts';
import type { IdleEnd } from '../listeners/listener.ts';

/** What a worker is told to do. */
export type Order =
  /** Serve. Answered with `Serving`. */
  | ({ readonly do: 'start'; readonly ticketKeys: string } & Settings)
  /** Go on with another configuration. Answered with `Serving`. */
  | ({ readonly do: 'reload' } & Settings)
  /** Tell what was counted. Answered with `State`. */
  | { readonly do: 'tell' }
  /** Tell whether it can serve. Answered with why it cannot now; with nothing when it can. */
  | { readonly do: 'askReady' }
  /** Take no further connection and finish what is under way. Answered with a last `State`. */
  | { readonly do: 'drain'; readonly idle: IdleEnd }
  /** End. Connections that were on their way to it have come before this, and were given back. */
  | { readonly do: 'end' };

/** A configuration as it was read and checked. */
export interface Settings {
  /** Each file that it needs. */
  readonly files: FileCopies;
  /** The ports of listeners that leave them to the system, by the key of the listener. */
  readonly ports: ReadonlyMap<string, number>;
}

/** Where a worker listens. */
export interface Serving {
  readonly in: readonly string[];
}

/** What a worker has counted. */
export interface State {
  /** What `figures` are in: a worker may be of another version than its master. */
  readonly format: number;
  readonly figures: unknown;
}

/** The format of `Figures` as this version knows them: one more with each change. */
export const FIGURES_FORMAT = 1;

/** The figures of a state; undefined where this version does not know their format. */
export function figuresIn(state: State): Figures | undefined {
  return isKnown(state) ? state.figures : undefined;
}

/** An order with what its answer is known by. */
export interface Letter {
  readonly id: number;
  readonly order: Order;
}

/** What became of an order: `value`, or why it failed. */
export interface Answer {
  readonly answers: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A worker was asked to end by somebody else: the set replaces it. */
export interface AsksToLeave {
  readonly asksToLeave: true;
}

/** Whether a message is an order. */
export function isLetter(message: unknown): message is Letter {
  return isObject(message) && 'order' in message && 'id' in message;
}

/** Whether a message answers an order. */
export function isAnswer(message: unknown): message is Answer {
  return isObject(message) && 'answers' in message && typeof message.answers === 'number';
}

/** Whether a worker wants to be replaced. */
export function isAskToLeave(message: unknown): message is AsksToLeave {
  return isObject(message) && 'asksToLeave' in message;
}

/** Whether an answer tells where a worker listens. */
export function isServing(value: unknown): value is Serving {
  return isObject(value) && 'in' in value && Array.isArray(value.in);
}

/** Whether an answer tells what a worker has counted. */
export function isState(value: unknown): value is State {
  return isObject(value) && 'format' in value && 'figures' in value;
}

function isKnown(state: State): state is State & { readonly figures: Figures } {
  return state.format === FIGURES_FORMAT;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
