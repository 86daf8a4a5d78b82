import type { Socket } from 'node:net';
import { TLSSocket, type TlsOptions } from 'node:tls';
import { ALPN, PREFACE, TpError } from '@tp/wire';
import type { Clock, Timer } from '../clock.ts';
import { linkError } from '../link/link-error.ts';
import { type Acceptor, handshakeFailed, identified, tlsOptions } from './accept-tls.ts';
import type { AcceptorTls } from './acceptor-tls.ts';
import { isLoopback } from './plain-text.ts';
import { remoteOf, socketConnection } from './socket-connection.ts';

/** What a shared port needs of the server that it belongs to. */
export interface SharedPortInit {
  readonly tls: AcceptorTls | undefined;
  /** The first byte must be there by then, in ms. */
  readonly handshakeTimeoutMs: number;
  readonly insecure: boolean;
  readonly clock: Clock;
  readonly acceptor: Acceptor;
}

type OtherProtocol = (socket: Socket, names?: readonly string[]) => void;

/**
 * Tells links from the connections of another protocol on a port that both share: by ALPN under TLS
 * (W-008), else by the first byte, which no HTTP method has (W-007). What was looked at stays to be
 * read. A link in plain text from beyond this machine is refused, unless `insecure` allows it.
 */
export class SharedPort {
  readonly #init: SharedPortInit;
  /** Plain sockets that have said nothing yet. */
  readonly #silent = new Map<Socket, Timer>();
  readonly #links = new Set<Socket>();
  #hasWarned = false;

  constructor(init: SharedPortInit) {
    this.#init = init;
  }

  /**
   * How the port is to speak TLS; the other protocol's ALPN names stand behind ours. Whom to refuse
   * is for `sort` to say.
   *
   * @throws {TpError} INVALID_ARGUMENT when the server has no certificate.
   */
  tlsOptions(others: readonly string[]): TlsOptions {
    const { tls, handshakeTimeoutMs } = this.#init;
    if (tls === undefined) {
      throw new TpError({
        code: 'INVALID_ARGUMENT',
        message: 'a port with TLS needs the option tls, with a certificate and its key',
        processed: 'no',
      });
    }
    return tlsOptions(tls, handshakeTimeoutMs, [ALPN, ...others]);
  }

  /**
   * Takes a socket that was accepted, after its TLS handshake if there is one. If it is no link,
   * `other` gets it, with the names in its client's certificate where one was asked for and verified.
   */
  sort(socket: Socket, other: OtherProtocol): void {
    const { tls, acceptor } = this.#init;
    if (!(socket instanceof TLSSocket)) this.#listen(socket, other);
    else if (tls === undefined) other(socket);
    else {
      identified(socket, tls, acceptor, (names) => {
        if (socket.alpnProtocol === ALPN) this.#accept(socket, true, names);
        else other(socket, names);
      });
    }
  }

  /** Counts a TLS handshake that failed. */
  handshakeFailed(cause: Error, socket: Socket): void {
    handshakeFailed(cause, socket, this.#init.acceptor);
  }

  /** Ends the connections that have said nothing yet. */
  closeSilent(): void {
    for (const socket of this.#silent.keys()) socket.destroy();
  }

  /** Ends the connections of links, whatever is under way on them, and those that have said nothing. */
  closeAll(): void {
    this.closeSilent();
    for (const socket of this.#links) socket.destroy();
  }

  #listen(socket: Socket, other: OtherProtocol): void {
    const { clock, handshakeTimeoutMs, acceptor } = this.#init;
    const decide = (chunk: Buffer): void => {
      forget();
      // Paused, so that the chunk is read again by whoever gets the socket, before all that follows.
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === PREFACE[0]) this.#acceptPlain(socket);
      else other(socket);
      socket.resume();
    };
    const leave = (): void => void socket.destroy();
    const forget = (): void => {
      this.#silent.get(socket)?.clear();
      this.#silent.delete(socket);
      socket.off('data', decide).off('end', leave).off('close', forget).off('error', ignore);
    };
    const timer = clock.after(handshakeTimeoutMs, () => {
      const error = linkError('TIMEOUT', `nothing came within ${handshakeTimeoutMs} ms`);
      acceptor.refused(remoteOf(socket), 'handshakeTimeout', error);
      socket.destroy();
    });
    this.#silent.set(socket, timer);
    socket.on('data', decide).on('end', leave).on('close', forget).on('error', ignore);
  }

  #acceptPlain(socket: Socket): void {
    const { localAddress } = socket;
    const isLocal = localAddress === undefined || isLoopback(localAddress);
    if (isLocal || this.#init.insecure) {
      this.#accept(socket, localAddress === undefined, undefined);
      return;
    }
    const message =
      'a link in plain text from beyond this machine was refused; expected TLS, or the option insecure: true';
    const error = new TpError({ code: 'REFUSED', message, processed: 'no' });
    this.#init.acceptor.refused(remoteOf(socket), 'plainText', error);
    if (!this.#hasWarned) process.emitWarning(message, 'TeleportWarning');
    this.#hasWarned = true;
    socket.destroy();
  }

  #accept(socket: Socket, secure: boolean, names: readonly string[] | undefined): void {
    socket.on('error', ignore);
    this.#links.add(socket);
    socket.on('close', () => this.#links.delete(socket));
    this.#init.acceptor.accept(socketConnection(socket, secure, names));
  }
}

function ignore(): void {}
