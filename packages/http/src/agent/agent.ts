import { type ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import type { Client } from '../types.ts';
import { AgentSocket } from './agent-socket.ts';

/** What an agent may be told; as `http.Agent` has it, for what is not about sockets. */
export interface AgentOptions {
  /** Most requests at a time for each host and port that requests name. Default: no bound but the client's own. */
  readonly maxSockets?: number;
  /** Most requests at a time. Default: no bound but the client's own. */
  readonly maxTotalSockets?: number;
  /** When a request emits `timeout` because nothing was sent or received for so long, in ms. Default: never. */
  readonly timeout?: number;
}

/**
 * An `http.Agent` over the lean client: for `http.request` and `https.request`, and for the libraries
 * that are built on them (axios, got, node-fetch, SDKs). Every request that it is given goes to
 * the client's peers, whatever host and port it names: those stand in `Host`, as ever.
 *
 * Requests and responses are Node's own `ClientRequest` and `IncomingMessage`, and behave as over
 * HTTP: streams both ways, `continue` and `information`, trailers, `upgrade`, `destroy()`, time
 * limits. Fields keep their order, case and repetitions; those of the connection are not passed on (RFC 9110
 * section 7.6.1), and a response without `content-length` shows `transfer-encoding: chunked`. What
 * fails emits `error` with a `TpError`: on the request before the response's head, on the response after it.
 * A body that is not as long as its `content-length` says is such an error, INVALID_ARGUMENT.
 *
 * `agent.destroy()` cancels its requests; the client stays open.
 */
export function createAgent(client: Client, options: AgentOptions = {}): HttpsAgent {
  return new ClientAgent(client, options);
}

/** Node's own way of giving a request a socket. It is no part of its declared types. */
const addRequest: unknown = Reflect.get(HttpAgent.prototype, 'addRequest');

class ClientAgent extends HttpsAgent {
  readonly #client: Client;

  constructor(client: Client, options: AgentOptions) {
    super({ ...options, keepAlive: true });
    this.#client = client;
    // An agent with a protocol refuses requests of the other one. As the agent has the same port
    // for both, none of them has it in `Host` unless its URL does.
    Object.assign(this, { protocol: undefined, defaultPort: 80 });
  }

  /** Called by `ClientRequest`. A socket is told whose it is before the request writes to it. */
  addRequest(request: ClientRequest, options: RequestOptions): void {
    request.once('socket', (socket) => {
      if (socket instanceof AgentSocket) socket.carry(request);
    });
    if (typeof addRequest === 'function') Reflect.apply(addRequest, this, [request, options]);
  }

  override createConnection(): AgentSocket {
    return new AgentSocket(this.#client);
  }

  /** Without what TLS would add: no socket of this agent differs by it. */
  override getName(options?: RequestOptions): string {
    return HttpAgent.prototype.getName.call(this, options);
  }
}
