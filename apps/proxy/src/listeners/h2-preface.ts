import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Takes the connections that speak HTTP/2 out of those of a server: over TLS those that agreed on
 * `h2`, else those that begin with its preface (RFC 9113 section 3.4).
 *
 * @param timeoutMs until the first bytes are there.
 * @param timedOut is told of a connection that was cut off for that.
 */
export function takeH2(
  server: Server,
  serve: (socket: Socket) => void,
  timeoutMs: () => number,
  timedOut: () => void,
): void {
  const isTls = server.listenerCount('secureConnection') > 0;
  const event = isTls ? 'secureConnection' : 'connection';
  const takers = server.listeners(event);
  server.removeAllListeners(event);
  const handOver = (socket: Socket): void => {
    for (const take of takers) Reflect.apply(take, server, [socket]);
  };
  if (isTls) {
    server.on(event, (socket: TLSSocket) => {
      if (socket.destroyed) return;
      if (socket.alpnProtocol === 'h2') serve(socket);
      else handOver(socket);
    });
    return;
  }
  server.on(event, (socket: Socket) => {
    peek(socket, timeoutMs(), (isH2) => {
      if (isH2 === undefined) timedOut();
      else if (isH2) serve(socket);
      else {
        handOver(socket);
        socket.resume();
      }
    });
  });
}

/** Looks at the first bytes and leaves them where they are, the socket paused. */
function peek(socket: Socket, timeoutMs: number, done: (isH2: boolean | undefined) => void): void {
  let received = Buffer.alloc(0);
  const settle = (isH2: boolean | undefined): void => {
    clearTimeout(timer);
    socket.off('data', onData);
    socket.off('close', onClose);
    socket.off('end', onEnd);
    if (isH2 === undefined) socket.destroy();
    else socket.off('error', onError);
    done(isH2);
  };
  const onData = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes]);
    const length = Math.min(received.length, PREFACE.length);
    const agrees = received.compare(PREFACE, 0, length, 0, length) === 0;
    if (agrees && length < PREFACE.length) return;
    socket.pause();
    socket.unshift(received);
    settle(agrees);
  };
  const onClose = (): void => clearTimeout(timer);
  const onEnd = (): void => void socket.destroy();
  const onError = (): void => {};
  const timer = setTimeout(settle, timeoutMs, undefined);
  socket.on('data', onData);
  socket.on('end', onEnd);
  socket.on('close', onClose);
  socket.on('error', onError);
  socket.resume();
}
