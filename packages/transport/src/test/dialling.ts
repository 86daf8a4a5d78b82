import { TpError } from '@tp/wire';
import type { TransportServer } from '../server.ts';
import type { Address } from '../socket/address.ts';
import type { Connection, Dialer } from '../socket/connection.ts';
import { type MemoryConnection, memoryPair } from './memory-connection.ts';

/** One attempt to dial, which a test decides. */
export interface Attempt {
  readonly address: Address;
  readonly signal: AbortSignal;
  /** Connects in memory to that server; gives the dialer's end. */
  connect(server: TransportServer): MemoryConnection;
  fail(why?: string): void;
}

/** A dialer whose attempts wait for a test to decide them. */
export class Dialling {
  readonly attempts: Attempt[] = [];

  readonly dial: Dialer<Address> = (address, signal) =>
    new Promise<Connection>((resolve, reject) => {
      const fail = (why = 'nobody is there') =>
        reject(new TpError({ code: 'UNREACHABLE', message: why, processed: 'no' }));
      signal.addEventListener('abort', () => fail('aborted'));
      const connect = (server: TransportServer) => {
        const [near, far] = memoryPair();
        server.accept(far);
        resolve(near);
        return near;
      };
      this.attempts.push({ address, signal, connect, fail });
    });

  /** The latest attempt. */
  get latest(): Attempt {
    const attempt = this.attempts.at(-1);
    if (attempt === undefined) throw new Error('nothing was dialled');
    return attempt;
  }
}
