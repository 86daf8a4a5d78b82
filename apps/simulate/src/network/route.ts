/** How the way between two processes behaves, in one direction. Faults change it. */
export interface Route {
  /** How long bytes are under way, in ms. */
  latencyMs: number;
  /** Up to so much is added to that, in ms. */
  jitterMs: number;
  /** Bytes that pass in a ms. */
  bytesPerMs: number;
  /** What one read brings at most, in bytes. */
  mostInOneRead: number;
  /** Bytes that the kernels on both sides hold before the writer has to wait. */
  kernelBytes: number;
}
