import { answered, breaks, GET, getWith, requested, says, statusWith } from './draft.ts';
import type { Said, Step } from './vector.ts';
import * as w from './writer.ts';

/* What the vectors of streams share. */

export const get = getWith();
export const ok = statusWith('200');
/** Where it takes more than one direction's records to tell. */
export const link = { level: 'link' } as const;

/** A request whose body is to come, and what it is read as. */
export const open = w.request({ ...get, more: true });

export function opened(id: number): Said {
  return requested(id, GET, { more: true });
}

export function piece(id: number, bytes: string, end?: true): Said {
  return { kind: 'data', id, bytes, ...(end === undefined ? {} : { end }) };
}

export function cancelled(id: number): Said {
  return { kind: 'cancel', id, code: 'CANCEL', processed: 'MAYBE' };
}

/** What the dialer has asked when the acceptor answers: a whole request, or the head of one. */
export const asked: Step = says(w.plain(w.request(get)), requested(1));
export const asking: Step = says(w.plain(open), opened(1));

/** A batch of the acceptor. */
export function answers(bytes: Uint8Array, ...records: readonly Said[]): Step {
  return answered(says(bytes, ...records));
}

export function answerBreaks(bytes: Uint8Array, code: string): Step {
  return answered(breaks(bytes, code));
}
