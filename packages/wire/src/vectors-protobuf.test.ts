import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { matchPreface } from './index.ts';
import { concat } from './test/hex.ts';
import { latin1 } from './test/records.ts';
import {
  Batch,
  codeOf,
  decoded,
  Envelope,
  type Message,
  protoFile,
  protoFolder,
  textOf,
  type Value,
  withoutUnknown,
} from './test/text-format.ts';
import { readVectors } from './test/vectors/read.ts';
import type { Said, Step } from './test/vectors/vector.ts';

/*
 * Other people's protobuf on the batches of all vectors: what the vectors call legal must be so to
 * protobufjs, and to protoc where that is installed (Debian's protobuf-compiler).
 */
const topics = readVectors();
const hasProtoc = spawnSync('protoc', ['--version']).status === 0;

/** The steps that bring an envelope without a fault. */
function sound(steps: readonly Step[]): Step[] {
  return steps.filter(({ bytes, error }) => error === undefined && matchPreface(bytes) !== 'match');
}

/** The two lanes of a step: `plain`, and what `packed` unpacks to. */
function batchesOf({ bytes, unpacked }: Step): Uint8Array[] {
  const start = bytes.findIndex((byte) => byte < 0x80) + 1;
  const plain = decoded(Envelope, bytes.subarray(start)).get('plain');
  const lanes = [plain instanceof Uint8Array ? plain : undefined, unpacked];
  return lanes.filter((lane) => lane !== undefined);
}

/** The records of a batch that the vectors show: not blobs, nor what is a glitch at most. */
function recordsOf(batch: Message): Said[] {
  const records = batch.get('records');
  if (!Array.isArray(records)) return [];
  return records.flatMap((record: Value) =>
    record instanceof Map ? [...record].flatMap(([kind, message]) => saidBy(kind, message)) : [],
  );
}

/** What a record says in the notation of vectors; heads are programs here, and stay unsaid. */
function saidBy(kind: string, message: Value): Said[] {
  if (!(message instanceof Map)) return [];
  const number = (name: string) => Number(message.get(name) ?? 0);
  const bytes = (name: string) => {
    const value = message.get(name);
    return value instanceof Uint8Array ? latin1(value) : '';
  };
  const text = String(message.get('message') ?? '');
  const shownText = text === '' ? {} : { message: text };
  const id = number('id');
  switch (kind) {
    case 'request':
    case 'response':
    case 'trailers':
      return [{ kind, id, head: [] }];
    case 'data': {
      const end = message.get('end') === true ? ({ end: true } as const) : {};
      return [{ kind, id, bytes: bytes('bytes'), ...end }];
    }
    case 'credit':
      return number('bytes') === 0 ? [] : [{ kind, id, bytes: number('bytes') }];
    case 'cancel': {
      const processed = (['MAYBE', 'NO', 'YES'] as const)[number('processed')] ?? 'MAYBE';
      return [{ kind, id, code: codeOf(number('code')), processed, ...shownText }];
    }
    case 'ping':
    case 'pong':
      return [{ kind, token: number('token') }];
    case 'goaway': {
      const end = message.get('final') === true ? ({ final: true } as const) : {};
      const code = codeOf(number('code'));
      return [{ kind, last_id: number('last_id'), code, ...end, ...shownText }];
    }
    default:
      return [];
  }
}

/** What the vector says, with no more of heads and blobs than a batch shows by itself. */
function bare(said: Said, seen: Said | undefined): Said {
  if (said.kind === 'error' && seen !== undefined) return seen;
  if (said.kind === 'data' && seen?.kind === 'data' && seen.bytes === '') {
    return { ...said, bytes: '' };
  }
  if (said.kind !== 'request' && said.kind !== 'response' && said.kind !== 'trailers') return said;
  const id = seen !== undefined && 'id' in seen && seen.id === 0 ? 0 : said.id;
  return { kind: said.kind, id, head: [] };
}

describe('protobufjs', () => {
  test.each(topics)('reads what the vectors of $name say', ({ vectors }) => {
    for (const { name, level, steps } of vectors) {
      if (level === 'link') continue;
      for (const step of sound(steps)) {
        const seen = batchesOf(step).flatMap((batch) => recordsOf(decoded(Batch, batch)));
        const said = step.records.filter(({ kind }) => kind !== 'hello');
        expect({ name, seen }).toEqual({ name, seen: said.map((one, at) => bare(one, seen[at])) });
      }
    }
  });
});

describe('protoc', () => {
  test.skipIf(!hasProtoc).each(topics)(
    'decodes the batches of $name as protobufjs does (skipped where protobuf-compiler is not installed)',
    ({ vectors }) => {
      // Messages one behind the other are one message with the records of all.
      const all = concat(...vectors.flatMap(({ steps }) => sound(steps).flatMap(batchesOf)));
      const { stdout, stderr, status } = spawnSync(
        'protoc',
        ['--decode', 'tp.v1.Batch', '-I', protoFolder, protoFile],
        { input: all, maxBuffer: 2 ** 30 },
      );
      expect(`${status} ${latin1(stderr)}`).toBe('0 ');
      const seen = withoutUnknown(latin1(stdout)).split('\n');
      const wanted = textOf(Batch, decoded(Batch, all)).split('\n');
      expect(seen.length).toBeGreaterThan(vectors.length);
      for (const [line, text] of wanted.entries()) {
        if (seen[line] !== text)
          expect(seen.slice(line - 5, line + 3)).toEqual(wanted.slice(line - 5, line + 3));
      }
      expect(seen).toHaveLength(wanted.length);
    },
  );
});
