import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { reset } from './reset.ts';
import { bodyPassed } from './young-garbage.ts';

/**
 * Makes two sockets one way: what comes from either goes to the other, as fast as that takes it,
 * and so do the end of a direction and a cut. Either may be destroyed already.
 */
export function join(one: Duplex, other: Duplex): void {
  carry(one, other);
  carry(other, one);
}

function carry(from: Duplex, to: Duplex): void {
  const onClose = (): void => {
    if (!from.readableEnded || !from.writableFinished) cut(to);
  };
  from.on('error', () => {});
  if (from.destroyed) {
    onClose();
    return;
  }
  from.once('close', onClose);
  from.on('data', (bytes: Uint8Array) => bodyPassed(bytes.length));
  from.pipe(to);
}

/** Ends a connection so that nobody takes it for a regular end, and drops what it has not sent. */
function cut(socket: Duplex): void {
  if (socket instanceof Socket) reset(socket);
  else socket.destroy(new Error('the other side was cut'));
}
