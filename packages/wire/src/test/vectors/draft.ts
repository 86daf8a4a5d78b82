import { METHOD, op, PATH, STATUS } from './ops.ts';
import type { Field, LinkFault, Said, Step, Vector } from './vector.ts';
import type { Program } from './writer.ts';

/* How topics write vectors down. Rules are given in one text, blanks between. */

type More = Omit<Partial<Vector>, 'name' | 'rules' | 'steps'>;

export function vector(
  name: string,
  rules: string,
  steps: readonly Step[],
  more: More = {},
): Vector {
  return { name, rules: rules.split(' '), ...more, steps };
}

/** A step of the dialer that brings these records. */
export function says(bytes: Uint8Array, ...records: readonly Said[]): Step {
  return { from: 'dialer', bytes, records };
}

/** A step of the dialer that ends the link. */
export function breaks(bytes: Uint8Array, code: string): Step {
  const error: LinkFault = { scope: 'link', code };
  return { from: 'dialer', bytes, records: [], error };
}

/** The same step of the acceptor. */
export function answered(step: Step): Step {
  return { ...step, from: 'acceptor' };
}

/** The same step, with at least one glitch. */
export function glitchy(step: Step): Step {
  return { ...step, glitch: true };
}

/** The same step, whose `packed` unpacks to that. */
export function unpacking(unpacked: Uint8Array, step: Step): Step {
  return { ...step, unpacked };
}

/** A vector of one envelope that brings these records. */
export function fine(
  name: string,
  rules: string,
  bytes: Uint8Array,
  records: readonly Said[],
  more: More = {},
): Vector {
  return vector(name, rules, [says(bytes, ...records)], more);
}

/** A vector of one envelope that ends the link. */
export function faulty(
  name: string,
  rules: string,
  bytes: Uint8Array,
  code: string,
  more: More = {},
): Vector {
  return vector(name, rules, [breaks(bytes, code)], more);
}

export const GET: readonly Field[] = [
  [':method', 'GET'],
  [':path', '/'],
];
export const OK: readonly Field[] = [[':status', '200']];

type MessageRest = {
  readonly body?: string;
  readonly more?: true;
  readonly timeout_ms?: number;
  readonly one_way?: true;
};

export function requested(id: number, head: readonly Field[] = GET, rest: MessageRest = {}): Said {
  return { kind: 'request', id, head, ...rest };
}

export function responded(
  id: number,
  head: readonly Field[] = OK,
  rest: Omit<MessageRest, 'timeout_ms' | 'one_way'> = {},
): Said {
  return { kind: 'response', id, head, ...rest };
}

/** An error of that stream, in the place of the record that makes it. */
export function streamError(id: number, code: string): Said {
  return { kind: 'error', scope: 'stream', id, code };
}

/** The program of GET /, with fields written out behind it. */
export function getWith(...fields: readonly Field[]): Required<Pick<Program, 'ops' | 'text'>> {
  return {
    ops: [...op.value(METHOD), ...op.value(PATH), ...fields.flatMap(() => op.literal)],
    text: ['GET', '/', ...fields.flat()],
  };
}

/** The program of a status, with fields written out behind it. */
export function statusWith(
  status: string,
  ...fields: readonly Field[]
): Required<Pick<Program, 'ops' | 'text'>> {
  return {
    ops: [...op.value(STATUS), ...fields.flatMap(() => op.literal)],
    text: [status, ...fields.flat()],
  };
}
