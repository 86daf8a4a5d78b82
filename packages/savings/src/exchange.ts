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

/** A request and the answer that belongs to it, as they go over the link. */
export interface Sent {
  readonly request: TrafficRequest;
  readonly response: TrafficResponse;
}
