import { readdirSync, readFileSync } from 'node:fs';
import { unfolded } from './fold.ts';
import type { Topic, VectorFile } from './vector.ts';

/** Where the files of vectors are. */
export const folder = new URL('../../../vectors/', import.meta.url);

/** Every vector as the files have it. */
export function readVectors(): Topic[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => {
    const file: VectorFile = JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
    return {
      name: name.replace(/\.json$/, ''),
      about: file.about,
      vectors: file.vectors.map(unfolded),
    };
  });
}
