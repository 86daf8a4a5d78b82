import { MemoryConnection } from './memory-connection.ts';

/** One thing that goes wrong with the bytes of one direction. */
export interface Fault {
  /** `up` goes from the dialer to the acceptor. */
  readonly direction: 'up' | 'down';
  /** Bytes that pass unharmed before it happens. */
  readonly at: number;
  /** The bit of the next byte that arrives turned over, 0 to 7; without one, the connection is cut there. */
  readonly bit?: number;
}

/** The receiving end of a direction that has a fault. */
class FaultyConnection extends MemoryConnection {
  fault: Fault | undefined = undefined;

  override arrive(bytes: Uint8Array): void {
    const { fault } = this;
    const place = fault === undefined ? -1 : fault.at - this.bytesIn;
    if (fault === undefined || place < 0 || place >= bytes.length) super.arrive(bytes);
    else if (fault.bit === undefined) this.#cut(bytes.subarray(0, place));
    else super.arrive(flipped(bytes, place, fault.bit));
  }

  #cut(last: Uint8Array): void {
    if (last.length > 0) super.arrive(last);
    this.destroy();
  }
}

/** The dialer's and the acceptor's end of a connection that works until its fault, if it has one. */
export function faultyPair(fault: Fault | undefined): [MemoryConnection, MemoryConnection] {
  const near = new FaultyConnection();
  const far = new FaultyConnection();
  near.other = far;
  far.other = near;
  if (fault !== undefined) (fault.direction === 'up' ? far : near).fault = fault;
  return [near, far];
}

function flipped(bytes: Uint8Array, place: number, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[place] = (changed[place] ?? 0) ^ (1 << bit);
  return changed;
}
