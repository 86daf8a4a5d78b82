import type { System } from '../systems/system.ts';
import type { Exchange } from '../traffic/exchange.ts';

/** A way to use a peer, as the worker is told it. */
export interface Peer {
  /** As in the report. */
  readonly system: string;
  /** What stands behind the case's name in the report, where there are several ways; empty for the usual one. */
  readonly variant: string;
  /** The package that it takes; none for what Node has. */
  readonly needs?: string;
  open(exchanges: readonly Exchange[], callers: number): Promise<System>;
}

/** undici's own benchmark pipelines ten requests a connection. */
const PIPELINING = 10;

/** Every peer by the name that the worker takes, each at the settings that its documentation calls fastest. */
export const PEERS: ReadonlyMap<string, Peer> = new Map([
  ['undici', undici('', 1, 'request')],
  ['undici-pipelining', undici(`pipelining-${PIPELINING}`, PIPELINING, 'request')],
  ['undici-dispatch', undici(`dispatch-pipelining-${PIPELINING}`, PIPELINING, 'dispatch')],
  [
    'node-http2',
    {
      system: 'node-http2',
      variant: '',
      open: async (exchanges) => (await import('./node-http2.ts')).openNodeHttp2(exchanges),
    },
  ],
  [
    'grpc-js',
    {
      system: 'grpc-js',
      variant: '',
      needs: '@grpc/grpc-js',
      open: async (exchanges) => (await import('./grpc-js.ts')).openGrpcJs(exchanges),
    },
  ],
]);

function undici(variant: string, pipelining: number, way: 'request' | 'dispatch'): Peer {
  return {
    system: 'undici',
    variant,
    needs: 'undici',
    open: async (exchanges, callers) => {
      const connections = Math.max(1, Math.ceil(callers / pipelining));
      const { openUndici } = await import('./undici.ts');
      return openUndici(exchanges, { pipelining, connections, way });
    },
  };
}
