import type { Socket } from 'node:net';
import { TpError } from '@tp/wire';
import { Deadlines } from './exchange/deadlines.ts';
import type { ServerExchange } from './exchange/server-exchange.ts';
import { Turns } from './exchange/turns.ts';
import { ServerLink, type ServerLinkOwner } from './link/server-link.ts';
import { type LinkOptions, type ResolvedLinkOptions, resolveLinkOptions } from './options.ts';
import type { Acceptor } from './socket/accept-tls.ts';
import { AcceptorTls, type ListenTls } from './socket/acceptor-tls.ts';
import { parseAddress } from './socket/address.ts';
import type { Connection } from './socket/connection.ts';
import {
  type Listener,
  listenSocket,
  type SocketTaker,
  takeSockets,
  tooManyLinks,
} from './socket/listen.ts';
import { PendingHandshakes } from './socket/pending-handshakes.ts';
import { checkPlainText, plainAddress } from './socket/plain-text.ts';
import { SharedPort } from './socket/shared-port.ts';
import { remoteOf } from './socket/socket-connection.ts';
import { AcceptedTokens } from './socket/token.ts';
import { linkFailed } from './stats/diagnostics.ts';
import { Totals, type TransportStats } from './stats/totals.ts';

/** What a server may be told. */
export interface TransportServerOptions extends LinkOptions {
  /** For `teleports://` listeners. */
  readonly tls?: ListenTls;
  /**
   * A link must say one of these tokens (`token` of a pool); several, so that one can be replaced.
   * Text is UTF-8. Default: none is asked for.
   */
  readonly tokens?: readonly (string | Uint8Array)[];
  /**
   * Handles the requests of a link one at a time, in the order in which they came; those that wait
   * count as streams (`limits.streams`), and their deadlines count. Default false: all at once.
   */
  readonly serial?: boolean;
  /**
   * Several servers may listen on one TCP port, where the system can do that: the next process can
   * take over before this one closes. Default false.
   */
  readonly reusePort?: boolean;
  /**
   * Whether a connection becomes a link, by where it comes from: `ADDRESS:PORT`, or `unix`. Others are
   * destroyed. Default: all do.
   */
  readonly admits?: (remote: string) => boolean;
}

/** Accepts links and hands out the requests on them. */
export interface TransportServer {
  /**
   * Listens at `teleport://HOST:PORT`, `teleports://HOST:PORT` or `teleport+unix:PATH`; may be
   * called for several. Resolves with the bound address.
   *
   * @throws {TpError} INVALID_ARGUMENT when that can't be.
   */
  listen(address: string): Promise<string>;
  readonly addresses: readonly string[];
  /**
   * Serves links on a port that is opened elsewhere and may outlive this server. Call the
   * result with each connection that comes, before anything is read of it.
   *
   * @param address what the connections speak, as for `listen`; its port may be 0.
   * @throws {TpError} INVALID_ARGUMENT when that can't be.
   */
  takeSockets(address: string): (socket: Socket) => void;
  /** Takes a connection that was accepted elsewhere. */
  accept(connection: Connection): void;
  /** Serves links on a port that another protocol's server has opened; see `SharedPort`. */
  sharePort(): SharedPort;
  /**
   * Shows other certificates, and accepts other authorities and names, from now on; links that stand
   * go on.
   *
   * @throws {TpError} INVALID_ARGUMENT when they can't be used; then the old ones stay.
   */
  reloadTls(tls: ListenTls): void;
  /** Has so many links at most from now on (`limits.maxLinks`). Those that stand go on. */
  limitLinks(maxLinks: number): void;
  stats(): TransportStats;
  /** Tells every peer, waits for what is under way (at most `drainTimeoutMs`), and closes. */
  close(): Promise<void>;
  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * @param handle is called for each request, and must see to it that `respond` or `refuse` is
 * called once on the exchange, whatever becomes of it. It must not throw.
 */
export function createTransportServer(
  handle: (exchange: ServerExchange) => void,
  options: TransportServerOptions = {},
): TransportServer {
  return new SocketServer(handle, options);
}

class SocketServer implements TransportServer, ServerLinkOwner, Acceptor {
  readonly handle: (exchange: ServerExchange) => void;
  readonly deadlines: Deadlines;
  readonly serial: boolean;
  readonly turns: Turns;
  readonly oneWay: Set<ServerExchange> = new Set();
  readonly handshakes: PendingHandshakes;
  running = 0;
  readonly #options: ResolvedLinkOptions;
  readonly tokens: AcceptedTokens | undefined;
  #tls: AcceptorTls | undefined;
  readonly #reusePort: boolean;
  readonly #insecure: boolean | undefined;
  readonly #admits: ((remote: string) => boolean) | undefined;
  readonly #listeners: Listener[] = [];
  #maxLinks: number;
  readonly #takers: SocketTaker[] = [];
  readonly #links = new Set<ServerLink>();
  readonly #totals = new Totals('server');
  #closed: Promise<void> | undefined;
  #allClosed: (() => void) | undefined;

  constructor(handle: (exchange: ServerExchange) => void, options: TransportServerOptions) {
    this.handle = handle;
    this.#options = resolveLinkOptions(options);
    this.#maxLinks = this.#options.limits.maxLinks;
    this.#tls = options.tls === undefined ? undefined : new AcceptorTls(options.tls);
    this.tokens = options.tokens === undefined ? undefined : new AcceptedTokens(options.tokens);
    this.#insecure = options.insecure;
    this.#admits = options.admits;
    this.serial = options.serial ?? false;
    this.turns = new Turns(this.#options.clock);
    this.#reusePort = options.reusePort ?? false;
    this.handshakes = new PendingHandshakes(this.#options.limits.maxHandshakes, () =>
      this.#totals.hit('maxHandshakes'),
    );
    this.deadlines = new Deadlines(this.#options.clock, (visit) => {
      for (const link of this.#links) link.eachTimed(visit);
      for (const exchange of this.oneWay) visit(exchange);
    });
  }

  get addresses(): readonly string[] {
    return this.#listeners.map((listener) => listener.address.url);
  }

  async listen(address: string): Promise<string> {
    const { handshakeTimeoutMs } = this.#options.limits;
    const maxLinks = this.#maxLinks;
    const place = parseAddress(address);
    checkPlainText(plainAddress(place), this.#insecure);
    const init = { tls: this.#tls, handshakeTimeoutMs, reusePort: this.#reusePort, maxLinks };
    const listener = await listenSocket(place, init, this);
    if (this.#closed !== undefined) {
      listener.close();
      throw new TpError({ code: 'CLOSED', message: 'the server was closed', processed: 'no' });
    }
    listener.limit(this.#maxLinks);
    this.#listeners.push(listener);
    return listener.address.url;
  }

  takeSockets(address: string): (socket: Socket) => void {
    const { handshakeTimeoutMs } = this.#options.limits;
    const place = parseAddress(address);
    checkPlainText(plainAddress(place), this.#insecure);
    const taker = takeSockets(place, { tls: this.#tls, handshakeTimeoutMs }, this);
    this.#takers.push(taker);
    return (socket) => {
      const maxLinks = this.#maxLinks;
      if (this.#links.size < maxLinks) {
        taker.take(socket);
        return;
      }
      socket.on('error', () => {});
      socket.destroy();
      this.refused(remoteOf(socket), 'maxLinks', tooManyLinks(maxLinks));
    };
  }

  accept(connection: Connection): void {
    const maxLinks = this.#maxLinks;
    const { remote } = connection;
    if (this.#closed !== undefined) connection.destroy();
    else if (this.#admits?.(remote) === false) {
      this.#totals.hit('admits');
      connection.destroy();
    } else if (this.#links.size >= maxLinks) {
      connection.destroy();
      this.refused(remote, 'maxLinks', tooManyLinks(maxLinks));
    } else {
      const link = new ServerLink(connection, remote, this.#options, this);
      this.#links.add(link);
      this.handshakes.add(link, remote, () => link.fail(tooManyHandshakes()));
    }
  }

  opened(link: ServerLink): void {
    this.handshakes.delete(link);
  }

  sharePort(): SharedPort {
    const { clock, limits } = this.#options;
    return new SharedPort({
      tls: this.#tls,
      handshakeTimeoutMs: limits.handshakeTimeoutMs,
      insecure: this.#insecure === true,
      clock,
      acceptor: this,
    });
  }

  refused(peer: string, limit: string, error: TpError): void {
    this.#totals.hit(limit);
    if (linkFailed.hasSubscribers) linkFailed.publish({ side: 'server', link: 0, peer, error });
  }

  reloadTls(tls: ListenTls): void {
    if (this.#tls === undefined) this.#tls = new AcceptorTls(tls);
    else this.#tls.reload(tls);
    for (const listener of [...this.#listeners, ...this.#takers]) listener.renew();
  }

  limitLinks(maxLinks: number): void {
    this.#maxLinks = maxLinks;
    for (const listener of this.#listeners) listener.limit(maxLinks);
  }

  closed(link: ServerLink): void {
    this.#totals.add(link.stats());
    this.#links.delete(link);
    this.handshakes.delete(link);
    if (this.#links.size === 0) this.#allClosed?.();
  }

  stats(): TransportStats {
    return this.#totals.with(Array.from(this.#links, (link) => link.stats()));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    if (this.#links.size > 0) await this.#drain();
    // What is one-way is not waited for, and keeps its deadlines.
    if (this.oneWay.size === 0) this.deadlines.stop();
  }

  async #drain(): Promise<void> {
    const { clock, limits } = this.#options;
    const timer = clock.after(limits.drainTimeoutMs, () => {
      const error = new TpError({ code: 'CANCEL', message: 'the server has closed' });
      for (const link of this.#links) link.cutOff(error);
    });
    await new Promise<void>((resolve) => {
      this.#allClosed = resolve;
      for (const link of this.#links) link.close();
      if (this.#links.size === 0) resolve();
    });
    timer.clear();
  }
}

/** Why a connection ends before its hello. */
function tooManyHandshakes(): TpError {
  const message = 'too many connections have not said their hello: the oldest goes';
  return new TpError({ code: 'REFUSED', message, processed: 'no' });
}
