import { type Address, type Connection, createDialer, type Dialer } from '@tp/transport';

const dial = createDialer();

/** One connection, for a pool that shall have one link and not replace it. */
export class OneConnection {
  #connection: Connection | undefined;
  #used = false;

  /** Dials the first time, and refuses after that. */
  readonly dial: Dialer<Address> = async (address, signal) => {
    if (this.#used) throw new Error('one connection is all there is');
    this.#used = true;
    this.#connection = await dial(address, signal);
    return this.#connection;
  };

  /** Ends the connection when the link has written what it has to say. */
  async end(): Promise<void> {
    await new Promise(setImmediate);
    this.#connection?.end();
  }
}
