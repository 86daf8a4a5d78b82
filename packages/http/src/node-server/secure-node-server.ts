import { Server } from 'node:https';
import type { NodeServerInit, TeleportPart } from './create-node-server.ts';
import { sortOut } from './sort-out.ts';

/** An `https.Server` that hands links to tp. */
export class SecureNodeServer extends Server {
  readonly teleport: TeleportPart;
  readonly #init: NodeServerInit;

  constructor(init: NodeServerInit) {
    const { http, lean, listener, port } = init;
    super({ ...http, ...port.tlsOptions(['http/1.1']) }, listener);
    this.#init = init;
    this.teleport = {
      stats: () => lean.stats(),
      reloadTls: (tls) => {
        lean.reloadTls(tls);
        this.setSecureContext(port.tlsOptions([]));
      },
    };
    sortOut(this, 'secureConnection', port);
    this.on('tlsClientError', (error, socket) => port.handshakeFailed(error, socket));
  }

  override close(done?: (error?: Error) => void): this {
    void this.#init.lean.close();
    return super.close(done);
  }

  override closeIdleConnections(): void {
    this.#init.port.closeSilent();
    super.closeIdleConnections();
  }

  override closeAllConnections(): void {
    this.#init.port.closeAll();
    super.closeAllConnections();
  }
}
