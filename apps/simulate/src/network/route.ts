/** How the way between two processes behaves, in one direction. */
export interface Route {
  /** How long bytes are under way, in ms. */
  readonly latencyMs: number;
  /** Up to so much is added to that, in ms. */
  readonly jitterMs: number;
  /** Bytes that pass in a ms. */
  readonly bytesPerMs: number;
  /** What one read brings at most, in bytes. */
  readonly mostInOneRead: number;
  /** Bytes that the kernels on both sides hold before the writer has to wait. */
  readonly kernelBytes: number;
}
