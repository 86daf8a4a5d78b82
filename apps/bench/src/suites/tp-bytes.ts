import { checkAnswer, openTp, prepareExchange } from '../systems/tp.ts';
import type { Exchange } from '../traffic/exchange.ts';
import type { DirectionBytes } from './bytes.ts';

/** Long enough for a whole batch to be handed over, in ms. */
const GATHER_MS = 1;

/**
 * Bytes on the sockets of a real link that carries the exchanges in batches: `batch` callers send at
 * once and all are answered before the next batch. The handshake is not counted.
 */
export async function countTpBytes(
  exchanges: readonly Exchange[],
  codec: 'none' | 'zstd' | 'deflate',
  batch: number,
): Promise<DirectionBytes> {
  const delayMs = batch > 1 ? GATHER_MS : 0;
  const options = { codec, tls: false, clientDelayMs: delayMs, serverDelayMs: delayMs };
  const link = await openTp(options, exchanges);
  try {
    for (let start = 0; start < exchanges.length; start += batch) {
      const calls = exchanges.slice(start, start + batch).map(async (exchange) => {
        const prepared = prepareExchange(exchange);
        await checkAnswer(await link.client.request(prepared.options), prepared);
      });
      await Promise.all(calls);
    }
    const { wireBytesOut, wireBytesIn } = link.counters();
    return { request: wireBytesOut, response: wireBytesIn };
  } finally {
    await link.close();
  }
}
