import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestHttp1, responseHttp1 } from '@tp/savings';
import type { Exchange } from './exchange.ts';

/**
 * Writes exchanges for programs in other languages: for each one the request and the response as
 * HTTP/1.1, each behind its length as four bytes, big-endian.
 */
export function writeTrafficFile(path: string, exchanges: readonly Exchange[]): void {
  const parts: Uint8Array[] = [];
  for (const exchange of exchanges) {
    for (const message of [requestHttp1(exchange.request), responseHttp1(exchange.response)]) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(message.length);
      parts.push(length, message);
    }
  }
  writeFileSync(path, Buffer.concat(parts));
}

/** Makes a folder for traffic files that goes when the process ends. */
export function makeTrafficFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tp-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
