import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Most, RecordedTraffic } from '@tp/savings';
import { TrafficFileError } from './file-error.ts';
import { readHar } from './har.ts';
import { readNdjson } from './ndjson.ts';

/** The longest text that V8 holds, nearly. */
const LONGEST_HAR = 500_000_000;
const BEGINNING_BYTES = 4096;

/**
 * Reads a traffic file: HAR when it begins as one does or is named so, else NDJSON.
 *
 * @param most how much to take.
 * @throws {TrafficFileError} when it cannot be read or holds nothing to send.
 */
export async function readTrafficFile(file: string, most: Most): Promise<RecordedTraffic> {
  const size = sizeOf(file);
  const traffic = (await isHar(file))
    ? readHar(file, harText(file, size), most)
    : await readNdjson(file, createInterface({ input: createReadStream(file) }), most);
  if (traffic.exchanges.length > 0) return traffic;
  const reasons = [...traffic.leftOut].map(([why, count]) => `${count}: ${why}`);
  throw new TrafficFileError({
    file,
    found:
      reasons.length === 0 ? 'no entries' : `no entry that can be sent (${reasons.join('; ')})`,
    expected: 'requests with their answers, bodies included: a HAR file "with content", or NDJSON',
  });
}

function sizeOf(file: string): number {
  let found = 'an empty file';
  try {
    const stats = statSync(file);
    if (stats.isDirectory()) found = 'a folder';
    else if (stats.size > 0) return stats.size;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    found = code === 'ENOENT' ? 'no such file' : code;
  }
  throw new TrafficFileError({ file, found, expected: 'a HAR or NDJSON file' });
}

async function isHar(file: string): Promise<boolean> {
  if (/\.har$/i.test(file)) return true;
  let beginning = '';
  for await (const piece of createReadStream(file, { end: BEGINNING_BYTES - 1 })) {
    beginning += String(piece);
  }
  return /^\uFEFF?\s*\{\s*"log"\s*:/.test(beginning);
}

function harText(file: string, size: number): string {
  if (size <= LONGEST_HAR) return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  throw new TrafficFileError({
    file,
    found: `${Math.round(size / 1e6)} MB`,
    expected: `a HAR file of at most ${LONGEST_HAR / 1e6} MB; NDJSON may be of any size`,
  });
}
