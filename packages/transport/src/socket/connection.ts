/** What a connection tells the link that uses it. */
export interface ConnectionEvents {
  /** Bytes have come. The chunk is the link's: it is never written to again. */
  data(chunk: Uint8Array): void;
  /** What `write` could not pass on has been passed on. */
  drain(): void;
  /** Nothing further comes or goes. Called once. */
  close(cause: Error | undefined): void;
}

/** A two-way stream of bytes: a TCP, TLS or unix socket, or one that a test or the simulator makes. */
export interface Connection {
  /** Bytes can't change on the way (TLS; a unix socket never leaves the host), so no checksum is needed. */
  readonly secure: boolean;
  /** The other end, for people: `192.0.2.1:7000`. */
  readonly remote: string;
  /** The names in the peer's verified certificate; none without TLS, or where it showed none. */
  readonly peerIdentity?: readonly string[] | undefined;
  readonly bytesIn: number;
  /** What the system has been given; what waits behind a full buffer is not in it. */
  readonly bytesOut: number;
  /** Starts the flow of events. Called once, before anything else. */
  start(events: ConnectionEvents): void;
  /**
   * Sends bytes. True when they have left the caller's memory, which may then be used again; false
   * when they wait, in which case `drain` follows.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  /** Ends the writing side once all is written. */
  end(): void;
  /** Ends both sides at once; what waits is lost. */
  destroy(): void;
}

/** Opens a connection to an address, or fails with a `TpError`, processed "no". */
export type Dialer<Target> = (target: Target, signal: AbortSignal) => Promise<Connection>;
