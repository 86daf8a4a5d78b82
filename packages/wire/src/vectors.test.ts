import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { matchPreface } from './index.ts';
import { vectorFiles } from './test/vectors/files.ts';
import { unfolded } from './test/vectors/fold.ts';
import { folder, readVectors } from './test/vectors/read.ts';
import { Receiver } from './test/vectors/receiver.ts';
import type { FoldedVector, Said, Side, Vector } from './test/vectors/vector.ts';

const topics = readVectors();
const all = topics.flatMap(({ vectors }) => vectors);
const document = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

describe('the files', () => {
  test('are what the generator writes, and no others are there', () => {
    const written = vectorFiles();
    const found = readdirSync(folder).filter((name) => name.endsWith('.json'));
    expect(found.sort()).toEqual([...written.keys()].sort());
    for (const [name, text] of written) {
      expect(readFileSync(new URL(name, folder), 'utf8') === text, `${name} is stale`).toBe(true);
    }
  });

  test('name each vector once, and rules that the document has', () => {
    const names = all.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    const rules = new Set(all.flatMap((vector) => vector.rules));
    for (const rule of rules) expect(document).toContain(`- **${rule}** `);
  });

  test('end each vector with its fault, and say nothing of records there', () => {
    for (const vector of all) {
      const faults = vector.steps.filter(({ error }) => error !== undefined);
      expect(faults.length, vector.name).toBeLessThan(2);
      if (faults.length === 0) continue;
      expect(vector.steps.at(-1), vector.name).toBe(faults[0]);
      expect(faults[0]?.records).toEqual([]);
    }
  });

  test('cut envelopes where they end', () => {
    for (const vector of all) {
      for (const { bytes, error } of vector.steps) {
        if (error !== undefined || matchPreface(bytes) === 'match') continue;
        let length = 0;
        let at = 0;
        do length |= ((bytes[at] ?? 0) & 0x7f) << (7 * at);
        while ((bytes[at++] ?? 0) >= 0x80);
        expect(bytes.length, vector.name).toBe(at + length);
      }
    }
  });
});

test('the example in their README is one of them', () => {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const example: FoldedVector = JSON.parse(/```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? '');
  const found = all.find(({ name }) => name === example.name);
  expect(unfolded(example)).toEqual(found);
});

/** What a step brings; this package hands out no reason where it is empty. */
function shown(records: readonly Said[]): readonly Said[] {
  return records.map((record) =>
    record.kind === 'response'
      ? {
          ...record,
          head: record.head.filter(([name, value]) => name !== ':reason' || value !== ''),
        }
      : record,
  );
}

function play(vector: Vector, chunk: number): void {
  const receivers = new Map<Side, Receiver>();
  for (const [index, step] of vector.steps.entries()) {
    const receiver = receivers.get(step.from) ?? new Receiver(vector);
    receivers.set(step.from, receiver);
    const { records, glitches, error } = receiver.take(step, chunk);
    if (step.error !== undefined) {
      expect(error).toBe(step.error.code ?? 'none');
      continue;
    }
    expect({ index, error, records }).toEqual({ index, error, records: shown(step.records) });
    expect(error).toBeUndefined();
    if (step.glitch === true) expect(glitches).toBeGreaterThan(0);
  }
}

describe.each(topics)('$name', ({ vectors }) => {
  const records = vectors.filter(({ level }) => level === undefined);
  test.each(records)('$name $rules', (vector) => {
    play(vector, Number.POSITIVE_INFINITY);
  });

  test('all of them, cut into single bytes', () => {
    for (const vector of records) play(vector, 1);
  });
});
