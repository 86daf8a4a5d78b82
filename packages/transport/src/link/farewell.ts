import type { BatchEncoder } from '@tp/wire';
import type { Sendable } from './outbox.ts';

/** A client's Goaway, in line behind the calls that were taken: none may follow it (W-106). */
export class Farewell implements Sendable {
  readonly pendingBytes = 0;
  readonly tenant = undefined;

  writeHead(encoder: BatchEncoder): void {
    encoder.goaway(0, 'NO_ERROR', false);
  }
}
