import type { Socket } from 'node:net';
import { TpError } from '@tp/wire';
import type { OutgoingRequest } from '../exchange.ts';
import { bodyPassed } from '../young-garbage.ts';
import { formatFieldLines } from './field-lines.ts';

const UNLAWFUL: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'trailer',
  'host',
]);

/** A streamed request body on its way to an origin. */
export interface BodySender {
  /** Whether any of it was sent. */
  readonly begun: boolean;
  /**
   * Sends it all: chunked unless its length was declared.
   *
   * @returns true when it was sent to its end, false when the socket closed before that.
   * @throws {TpError} `BODY_LENGTH` when it is not as long as declared; what its source threw.
   */
  run(): Promise<boolean>;
  /** The socket can take more, or is closed. */
  wake(): void;
  /** The socket is closed: ends the source. */
  stop(): void;
}

/** Makes a sender for the body of a request, which goes to a socket that has its head. */
export function createBodySender(
  socket: Socket,
  request: OutgoingRequest,
  body: AsyncIterable<Uint8Array>,
): BodySender {
  return new Sender(socket, request, body);
}

class Sender implements BodySender {
  begun = false;
  readonly #socket: Socket;
  readonly #request: OutgoingRequest;
  readonly #source: AsyncIterator<Uint8Array>;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket, request: OutgoingRequest, body: AsyncIterable<Uint8Array>) {
    this.#socket = socket;
    this.#request = request;
    this.#source = body[Symbol.asyncIterator]();
  }

  async run(): Promise<boolean> {
    const socket = this.#socket;
    const declared = this.#request.declaredLength;
    let sent = 0;
    try {
      for (;;) {
        const step = await this.#source.next();
        if (socket.destroyed) return false;
        if (step.done === true) break;
        const piece = step.value;
        if (piece.length === 0) continue;
        sent += piece.length;
        bodyPassed(piece.length);
        this.begun = true;
        if (declared !== undefined && sent > declared) throw wrongLength(sent, declared);
        if (!this.#write(piece, declared === undefined)) await this.#drained();
      }
      this.#ended = true;
    } catch (error) {
      this.stop();
      throw error;
    }
    if (declared === undefined) {
      const trailers = this.#request.incoming.trailers;
      const lines = trailers === undefined ? '' : formatFieldLines(lawful(trailers.raw));
      socket.write(`0\r\n${lines}\r\n`, 'latin1');
    } else if (sent !== declared) {
      throw wrongLength(sent, declared);
    }
    return true;
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  stop(): void {
    this.wake();
    if (this.#ended) return;
    this.#ended = true;
    this.#source.return?.().catch(() => undefined);
  }

  #write(piece: Uint8Array, chunked: boolean): boolean {
    const socket = this.#socket;
    if (!chunked) return socket.write(piece);
    socket.cork();
    socket.write(`${piece.length.toString(16)}\r\n`, 'latin1');
    socket.write(piece);
    const more = socket.write('\r\n', 'latin1');
    socket.uncork();
    return more;
  }

  #drained(): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/**
 * Without the fields that frame or route a request, which no trailer may do: an origin could take
 * them for its head's (RFC 9110 section 6.5.1).
 */
function lawful(raw: readonly string[]): readonly string[] {
  return raw.filter((_text, i) => !UNLAWFUL.has((raw[i - (i % 2)] ?? '').toLowerCase()));
}

function wrongLength(sent: number, declared: number): TpError {
  return new TpError({
    code: 'BODY_LENGTH',
    message: `the request body has ${sent} bytes or more, its content-length says ${declared}`,
  });
}
