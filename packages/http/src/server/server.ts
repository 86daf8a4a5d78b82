import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import {
  type Connection,
  createTransportServer,
  type ListenTls,
  type ServerExchange,
  type TransportServer,
  type TransportServerOptions,
  type TransportStats,
} from '@tp/transport';
import { Fields, isTpError, ResponseHead, TpError } from '@tp/wire';
import { outgoingBody } from '../body/body.ts';
import { stopBody } from '../body/body-source.ts';
import { LengthMemory } from '../body/content-length.ts';
import { hasNoBody } from '../body/no-body.ts';
import type { Handler, Request, ResponseInit, Server } from '../types.ts';
import { Tunnel } from '../upgrade/tunnel.ts';
import { SWITCHING_PROTOCOLS, upgradeProtocol, withUpgrade } from '../upgrade/upgrade-fields.ts';
import { asFault, checkStatus, isStream } from './answer-rules.ts';
import { checkedRequest } from './checked-request.ts';

/** What a server may be told; see `TransportServerOptions` and `LinkOptions` of `@tp/transport`. */
export interface ServerOptions extends TransportServerOptions {
  /** How long `close` waits for requests under way, in ms. Default 30,000. */
  readonly drainTimeoutMs?: number;
  /**
   * Told of what a handler, or the stream or trailers that it answered with, threw that is no
   * `TpError`; the client gets a 500, or an end in mid-body. Default: `console.error`.
   */
  readonly onError?: (error: unknown, request: Request) => void;
}

/** The lean server: answers each request with what the handler returns. */
export function createServer(handler: Handler, options: ServerOptions = {}): Server {
  return new LeanServer(handler, options);
}

/** The lean server, with the transport under it for those who open the port themselves. */
export class LeanServer implements Server {
  readonly transport: TransportServer;
  readonly #handler: Handler;
  readonly #onError: (error: unknown, request: Request) => void;
  readonly #lengths = new LengthMemory();

  constructor(handler: Handler, options: ServerOptions) {
    const { drainTimeoutMs, onError, limits, ...rest } = options;
    this.#handler = handler;
    this.#onError = onError ?? ((error) => console.error(error));
    this.transport = createTransportServer((exchange) => this.#handle(exchange), {
      ...rest,
      limits: { ...limits, ...(drainTimeoutMs === undefined ? {} : { drainTimeoutMs }) },
    });
  }

  get addresses(): readonly string[] {
    return this.transport.addresses;
  }

  listen(address: string): Promise<string> {
    return this.transport.listen(address);
  }

  takeSockets(address: string): (socket: Socket) => void {
    return this.transport.takeSockets(address);
  }

  accept(connection: Connection): void {
    this.transport.accept(connection);
  }

  reloadTls(tls: ListenTls): void {
    this.transport.reloadTls(tls);
  }

  limitLinks(maxLinks: number): void {
    this.transport.limitLinks(maxLinks);
  }

  stats(): TransportStats {
    return this.transport.stats();
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.transport.close();
  }

  #handle(exchange: ServerExchange): void {
    const request = checkedRequest(exchange);
    if (request instanceof TpError) {
      exchange.refuse(request);
      return;
    }
    let answer: ResponseInit | Promise<ResponseInit>;
    try {
      answer = this.#handler(request);
    } catch (error) {
      this.#fail(exchange, error);
      return;
    }
    if (answer instanceof Promise) {
      answer.then(
        (response) => this.#respond(exchange, response),
        (error: unknown) => this.#fail(exchange, error),
      );
    } else this.#respond(exchange, answer);
  }

  #respond(exchange: ServerExchange, response: ResponseInit): void {
    try {
      const { body } = response;
      const status = response.status ?? 200;
      if (status === SWITCHING_PROTOCOLS) {
        this.#switch(exchange, response);
        return;
      }
      checkStatus(status);
      if (response.window !== undefined) exchange.useWindow(response.window);
      const fields = Fields.from(response.headers);
      const head = new ResponseHead(status, fields, shownReason(status, response.reason));
      if (hasNoBody(status, exchange.method)) {
        if (isStream(body)) stopBody(body);
        exchange.respond(head, undefined, undefined);
        return;
      }
      const onError = isStream(body)
        ? (error: unknown) => this.#onError(error, exchange)
        : undefined;
      const { whole, stream } = outgoingBody(
        body,
        response.trailers,
        this.#lengths.of(fields),
        onError,
      );
      exchange.respond(head, whole, stream);
    } catch (error) {
      this.#fail(exchange, asFault(error));
    }
  }

  /** Answers with 101, and hands the socket out through which both sides speak from now on. */
  #switch(exchange: ServerExchange, response: ResponseInit): void {
    const { upgrade, headers, reason, window } = response;
    const protocol = exchange.reader === undefined ? undefined : upgradeProtocol(exchange.headers);
    if (protocol === undefined || upgrade === undefined) throw badSwitch(upgrade === undefined);
    if (window !== undefined) exchange.useWindow(window);
    const fields = withUpgrade(Fields.from(headers), protocol);
    const tunnel = new Tunnel();
    tunnel.open(exchange);
    const head = new ResponseHead(
      SWITCHING_PROTOCOLS,
      fields,
      shownReason(SWITCHING_PROTOCOLS, reason),
    );
    exchange.respond(head, undefined, { source: tunnel.source });
    try {
      upgrade(tunnel);
    } catch (error) {
      this.#onError(error, exchange);
      tunnel.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(exchange: ServerExchange, error: unknown): void {
    if (isTpError(error)) {
      exchange.refuse(error);
      return;
    }
    this.#onError(error, exchange);
    exchange.respond(INTERNAL_ERROR, undefined, undefined);
  }
}

const INTERNAL_ERROR = new ResponseHead(500, new Fields(['content-length', '0']));

/** The reason phrase is sent only where it says more than the status (W-061). */
function shownReason(status: number, reason: string | undefined): string {
  return reason === undefined || reason === STATUS_CODES[status] ? '' : reason;
}

function badSwitch(isUnheard: boolean): TpError {
  return new TpError({
    code: 'INTERNAL',
    message: isUnheard
      ? 'a handler answered with status 101, but with no `upgrade` that takes the socket'
      : 'a handler answered with status 101 to a request that asks for no other protocol',
    processed: 'yes',
  });
}
