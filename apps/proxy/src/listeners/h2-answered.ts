import type { ServerHttp2Stream } from 'node:http2';

const streams = new WeakSet<ServerHttp2Stream>();

/** Notes that a stream ends by what is done here, not because its client gave it up. */
export function markAnswered(stream: ServerHttp2Stream): void {
  streams.add(stream);
}

/** Whether a stream was answered to its end, or broken off here: Node ends reset ones as regularly. */
export function isAnswered(stream: ServerHttp2Stream): boolean {
  return streams.has(stream);
}
