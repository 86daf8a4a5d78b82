import { readFileSync } from 'node:fs';

/**
 * Reads a file of the configuration or one that it names.
 *
 * @throws {Error} when it cannot be read.
 */
export type ReadFile = (path: string) => Uint8Array;

/** Files by their paths, as they were when they were read. */
export type FileCopies = ReadonlyMap<string, Uint8Array>;

/** Reads what lies on the disk. */
export const readFromDisk: ReadFile = (path) => readFileSync(path);

/** Reads what lies on the disk and keeps a copy, for others who are to read the same. */
export function readAndKeep(copies: Map<string, Uint8Array>): ReadFile {
  return (path) => {
    const bytes = readFileSync(path);
    copies.set(path, bytes);
    return bytes;
  };
}

/** Reads copies, and nothing else. */
export function readCopies(copies: FileCopies): ReadFile {
  return (path) => {
    const bytes = copies.get(path);
    if (bytes === undefined) throw new Error(`${path} was not read before`);
    return bytes;
  };
}
