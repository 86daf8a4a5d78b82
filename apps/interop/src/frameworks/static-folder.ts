import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAST_MODIFIED } from './apps/content.ts';

/** Size of `numbers.bin`, in bytes. */
export const NUMBERS_BYTES = 300_000;

const FILES: readonly (readonly [name: string, content: string | Uint8Array])[] = [
  ['note.txt', 'a note\n'],
  ['empty.txt', ''],
  ['with blank.html', '<!doctype html><title>blank</title>'],
  ['numbers.bin', Uint8Array.from({ length: NUMBERS_BYTES }, (_, i) => i + (i >> 8))],
];

/** A folder of files for an application to serve, removed at the end. */
export interface StaticFolder extends AsyncDisposable {
  readonly path: string;
}

/** Writes the files, all of one date, into a folder called `static` that is alone in its own. */
export async function staticFolder(): Promise<StaticFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'tp-interop-'));
  const path = join(parent, 'static');
  await mkdir(path);
  for (const [name, content] of FILES) {
    await writeFile(join(path, name), content);
    await utimes(join(path, name), LAST_MODIFIED, LAST_MODIFIED);
  }
  return { path, [Symbol.asyncDispose]: () => rm(parent, { recursive: true }) };
}
