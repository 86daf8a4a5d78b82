import { blocksTopic } from './blocks.ts';
import { bodiesTopic } from './bodies.ts';
import { bytesTopic } from './bytes.ts';
import { checksumTopic } from './checksum.ts';
import { encoderTopic } from './encoder.ts';
import { envelopesTopic } from './envelopes.ts';
import { folded } from './fold.ts';
import { headLimitsTopic } from './head-limits.ts';
import { idsTopic } from './ids.ts';
import { isolatedTopic } from './isolated.ts';
import { print } from './json.ts';
import { legalHeadsTopic } from './legal-heads.ts';
import { lifeTopic } from './life.ts';
import { oneWayTopic } from './one-way.ts';
import { openingTopic } from './opening.ts';
import { programsTopic } from './programs.ts';
import { recordsTopic } from './records.ts';
import { secretsTopic } from './secrets.ts';
import { streamsTopic } from './streams.ts';
import { tableTopic } from './table.ts';
import type { Topic, VectorFile } from './vector.ts';
import { windowsTopic } from './windows.ts';

export const topics: readonly Topic[] = [
  bytesTopic,
  openingTopic,
  envelopesTopic,
  checksumTopic,
  windowsTopic,
  isolatedTopic,
  recordsTopic,
  tableTopic,
  programsTopic,
  blocksTopic,
  secretsTopic,
  legalHeadsTopic,
  headLimitsTopic,
  idsTopic,
  streamsTopic,
  oneWayTopic,
  bodiesTopic,
  lifeTopic,
  encoderTopic,
];

/** Every file of vectors by its name, as it must stand in `vectors/`. */
export function vectorFiles(): Map<string, string> {
  return new Map(
    topics.map(({ name, about, vectors }) => {
      const file: VectorFile = { about, vectors: vectors.map(folded) };
      return [`${name}.json`, print(file)];
    }),
  );
}
