import { openHttp2Link, prepareHttp2 } from '../peers/node-http2.ts';
import type { Exchange } from '../traffic/exchange.ts';
import type { DirectionBytes } from './bytes.ts';

/** Calls under way at once; how many makes no difference to what each takes. */
const TOGETHER = 64;

/** Bytes on the sockets of a real HTTP/2 session that carries the exchanges: HPACK and frames. What opens the session is not counted. */
export async function countHttp2Bytes(exchanges: readonly Exchange[]): Promise<DirectionBytes> {
  const link = await openHttp2Link(exchanges);
  try {
    const before = link.bytes();
    for (let start = 0; start < exchanges.length; start += TOGETHER) {
      const calls = exchanges.slice(start, start + TOGETHER);
      await Promise.all(calls.map((exchange) => link.call(prepareHttp2(exchange))));
    }
    const after = link.bytes();
    return {
      request: after.request - before.request,
      response: after.response - before.response,
    };
  } finally {
    await link.close();
  }
}
