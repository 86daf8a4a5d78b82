/** A request as it stands on the HTTP side. Header names and values alternate, as in Node's `rawHeaders`. */
export interface TrafficRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array | null;
}

/** The origin's answer. `body` is empty when there is none (204, 304). */
export interface TrafficResponse {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** One request and the answer that belongs to it. */
export interface Exchange {
  /** The value of the request's `x-request-id`, by which an origin finds the answer. Unique within one seed. */
  readonly id: string;
  readonly request: TrafficRequest;
  readonly response: TrafficResponse;
}
