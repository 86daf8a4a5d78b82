import { Server } from 'node:http';
import type { NodeServerInit, TeleportPart } from './create-node-server.ts';
import { sortOut } from './sort-out.ts';

/** An `http.Server` that hands links to tp. */
export class PlainNodeServer extends Server {
  readonly teleport: TeleportPart;
  readonly #init: NodeServerInit;

  constructor(init: NodeServerInit) {
    super(init.http, init.listener);
    this.#init = init;
    this.teleport = {
      stats: () => init.lean.stats(),
      reloadTls: (tls) => init.lean.reloadTls(tls),
    };
    sortOut(this, 'connection', init.port);
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
