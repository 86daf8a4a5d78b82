import { bytesOf, latin1 } from '../records.ts';
import type {
  Field,
  Folded,
  FoldedHead,
  FoldedRecord,
  FoldedVector,
  Repeat,
  Said,
  Vector,
} from './vector.ts';

/** Shorter runs are written out: in bytes or characters, and in fields. */
const WORTH_FOLDING = 64;
const FIELDS_WORTH_FOLDING = 6;
/** Longest piece whose repetition is looked for in bytes. */
const LONGEST_PERIOD = 24;

/** A vector as it stands in a file. */
export function folded({ steps, ...rest }: Vector): FoldedVector {
  return {
    ...rest,
    steps: steps.map(({ bytes, unpacked, records, ...other }) => ({
      from: other.from,
      bytes: foldedBytes(bytes),
      ...(unpacked === undefined ? {} : { unpacked: foldedBytes(unpacked) }),
      records: records.map(foldedRecord),
      ...(other.glitch === undefined ? {} : { glitch: other.glitch }),
      ...(other.error === undefined ? {} : { error: other.error }),
    })),
  };
}

/** The other way round. */
export function unfolded({ steps, ...rest }: FoldedVector): Vector {
  return {
    ...rest,
    steps: steps.map(({ bytes, unpacked, records, ...other }) => ({
      ...other,
      bytes: unfoldedBytes(bytes),
      ...(unpacked === undefined ? {} : { unpacked: unfoldedBytes(unpacked) }),
      records: records.map(unfoldedRecord),
    })),
  };
}

/** A record of a file as a topic writes it. */
export function unfoldedRecord(record: FoldedRecord): Said {
  switch (record.kind) {
    case 'request':
    case 'response': {
      const { body, head, ...rest } = record;
      const shown = body === undefined ? {} : { body: latin1(unfoldedBytes(body)) };
      return { ...rest, head: unfoldedHead(head), ...shown };
    }
    case 'trailers':
      return { ...record, head: unfoldedHead(record.head) };
    case 'data':
      return { ...record, bytes: latin1(unfoldedBytes(record.bytes)) };
    case 'hello':
      return { ...record, token: latin1(unfoldedBytes(record.token)) };
    default:
      return record;
  }
}

function foldedRecord(record: Said): FoldedRecord {
  switch (record.kind) {
    case 'request':
    case 'response': {
      const { body, head, ...rest } = record;
      const shown = body === undefined ? {} : { body: foldedBytes(bytesOf(body)) };
      return { ...rest, head: foldedHead(head), ...shown };
    }
    case 'trailers':
      return { ...record, head: foldedHead(record.head) };
    case 'data':
      return { ...record, bytes: foldedBytes(bytesOf(record.bytes)) };
    case 'hello':
      return { ...record, token: foldedBytes(bytesOf(record.token)) };
    default:
      return record;
  }
}

function foldedHead(head: readonly Field[]): FoldedHead {
  const same = (one: Field | undefined, other: Field | undefined) =>
    one?.[0] === other?.[0] && one?.[1] === other?.[1];
  return runs(head, FIELDS_WORTH_FOLDING, 1, same).flatMap(({ part, times }): FoldedHead => {
    const fields = part.map(([name, value]) => [foldedText(name), foldedText(value)] as const);
    const [first] = fields;
    return times === 1 || first === undefined ? fields : [{ repeat: first, times }];
  });
}

function unfoldedHead(head: FoldedHead): Field[] {
  return head.flatMap((entry) => {
    const { repeat, times } = 'repeat' in entry ? entry : { repeat: entry, times: 1 };
    const [name, value] = repeat;
    return Array.from({ length: times }, () => [unfoldedText(name), unfoldedText(value)] as const);
  });
}

function foldedText(value: string): Folded {
  return inPieces(
    runs([...value], WORTH_FOLDING, 1, Object.is).map(({ part, times }) => ({
      repeat: part.join(''),
      times,
    })),
  );
}

function unfoldedText(value: Folded): string {
  if (typeof value === 'string') return value;
  const pieces = value.map((piece) =>
    typeof piece === 'string' ? piece : piece.repeat.repeat(piece.times),
  );
  return pieces.join('');
}

function foldedBytes(bytes: Uint8Array): Folded {
  return inPieces(
    runs([...bytes], WORTH_FOLDING, LONGEST_PERIOD, Object.is).map(({ part, times }) => ({
      repeat: Buffer.from(part).toString('hex'),
      times,
    })),
  );
}

function unfoldedBytes(bytes: Folded): Uint8Array {
  return Uint8Array.from(Buffer.from(unfoldedText(bytes), 'hex'));
}

function inPieces(pieces: readonly Repeat<string>[]): Folded {
  const [only] = pieces;
  if (only === undefined) return '';
  if (pieces.length === 1 && only.times === 1) return only.repeat;
  return pieces.map((piece) => (piece.times === 1 ? piece.repeat : piece));
}

interface Run<T> {
  readonly part: readonly T[];
  readonly times: number;
}

/** A list as parts that stand once, and parts of at most `longest` items that repeat at least `worth` items long. */
function runs<T>(
  items: readonly T[],
  worth: number,
  longest: number,
  same: (one: T | undefined, other: T | undefined) => boolean,
): Run<T>[] {
  const found: Run<T>[] = [];
  let start = 0;
  let at = 0;
  while (at < items.length) {
    const best = longestRun(items, at, longest, same);
    if (best.length * best.times < worth || best.times === 1) {
      at++;
      continue;
    }
    if (at > start) found.push({ part: items.slice(start, at), times: 1 });
    found.push({ part: items.slice(at, at + best.length), times: best.times });
    at += best.length * best.times;
    start = at;
  }
  if (items.length > start) found.push({ part: items.slice(start), times: 1 });
  return found;
}

function longestRun<T>(
  items: readonly T[],
  at: number,
  longest: number,
  same: (one: T | undefined, other: T | undefined) => boolean,
): { length: number; times: number } {
  let best = { length: 1, times: 1 };
  for (let length = 1; length <= longest && at + 2 * length <= items.length; length++) {
    let end = at + length;
    while (end < items.length && same(items[end], items[end - length])) end++;
    const times = Math.floor((end - at) / length);
    if (times > 1 && times * length > best.length * best.times) best = { length, times };
  }
  return best;
}
