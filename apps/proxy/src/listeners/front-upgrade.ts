import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type ResponseInit, upgradeProtocol } from '@tp/http';
import { Fields } from '@tp/wire';
import type { Forward } from '../forward.ts';
import { formatFieldLines } from '../h1/field-lines.ts';
import { passedProtocol } from '../passed-protocol.ts';
import type { FrontConnections } from './front-connections.ts';
import type { FrontHead } from './front-head.ts';
import { createFrontRequest } from './front-request.ts';
import { writeResponse } from './front-response.ts';
import { answerFailure } from './own-answers.ts';

/** A request that asks for another protocol: Node has let go of its connection. */
export interface FrontUpgrade {
  readonly incoming: IncomingMessage;
  readonly head: FrontHead;
  /** What came behind the request. */
  readonly early: Buffer;
  readonly connections: FrontConnections;
  readonly forward: Forward;
}

/**
 * Whether a request asks for another protocol in a way that is passed on. In HTTP/1.0 nobody can
 * (RFC 9110 section 7.8).
 */
export function asksToSwitch({ httpVersionMinor, rawHeaders }: IncomingMessage): boolean {
  return httpVersionMinor === 1 && protocolOf(new Fields(rawHeaders)) !== undefined;
}

/**
 * Passes it on. Whoever switches gets the client's socket; any other answer is written as always,
 * and is the last of its connection.
 */
export async function serveUpgrade(upgrade: FrontUpgrade): Promise<void> {
  const { incoming, head, early, connections, forward } = upgrade;
  const { socket } = incoming;
  socket.setTimeout(0);
  socket.on('error', () => {});
  const response = responseTo(incoming, socket);
  const protocol = asksToSwitch(incoming) ? protocolOf(head.headers) : undefined;
  const request = createFrontRequest(incoming, response, head, false, protocol);
  connections.begin(socket, request);
  const unwatch = watchForEnd(socket);
  try {
    const init = await forward(request, false);
    unwatch();
    if (init.upgrade === undefined) await writeResponse(response, request, init, true);
    else switchOver(response, socket, early, init, init.upgrade);
  } catch (error) {
    unwatch();
    answerFailure(response, request, error, true);
  }
  connections.done(socket, request);
}

function protocolOf(fields: Fields): string | undefined {
  return passedProtocol(upgradeProtocol(fields));
}

/** A response such as Node makes, on a connection that ends with it. */
function responseTo(incoming: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(incoming);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  const onDrain = (): void => void response.emit('drain');
  socket.on('drain', onDrain);
  response.once('finish', () => {
    socket.off('drain', onDrain);
    response.detachSocket(socket);
    // Closing with something unread would reset the connection, and the client could lose the response.
    socket.resume();
    socket.destroySoon();
  });
  return response;
}

/** Notices that the client leaves while it waits. What it sends too soon stays where it is. */
function watchForEnd(socket: Socket): () => void {
  const look = (): void => void socket.read(0);
  const leave = (): void => void socket.destroy();
  socket.on('readable', look);
  socket.once('end', leave);
  return () => {
    socket.off('readable', look);
    socket.off('end', leave);
  };
}

function switchOver(
  response: ServerResponse,
  socket: Socket,
  early: Buffer,
  { status = 101, reason, headers }: ResponseInit,
  join: NonNullable<ResponseInit['upgrade']>,
): void {
  response.detachSocket(socket);
  try {
    const lines = formatFieldLines(Fields.from(headers).raw);
    const phrase = reason ?? STATUS_CODES[status] ?? '';
    if (early.length > 0) socket.unshift(early);
    socket.write(`HTTP/1.1 ${status} ${phrase}\r\n${lines}\r\n`, 'latin1');
  } catch {
    socket.destroy();
  }
  // Also when the client has left meanwhile: then the socket on the other side ends with it.
  join(socket);
}
