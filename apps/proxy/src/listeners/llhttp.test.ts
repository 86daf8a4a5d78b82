import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHAINS, startChain } from '../test/chain.ts';
import { type LlhttpSample, llhttpSamples } from '../test/llhttp-samples.ts';
import { rawClient } from '../test/raw-client.ts';
import { ORIGIN_NAMES, RECORDING_ORIGINS } from '../test/recording-origins.ts';

const LLHTTP = new URL('../../../../../shared/data/llhttp/request/', import.meta.url);

/** What a sample is sent as, and the requests that it may be seen as: the first ones of these. */
interface Marked {
  readonly bytes: string;
  readonly requests: readonly { readonly target: string; readonly body: string }[];
}

/** Gives the targets in a sample numbers, and its requests the Host without which they go nowhere. */
function marked({ input, messages }: LlhttpSample, number: number): Marked {
  const requests: { target: string; body: string }[] = [];
  let bytes = '';
  let at = 0;
  for (const [i, { target, targetAt, body, isWhole }] of messages.entries()) {
    const lineEnd = input.indexOf('\r\n', targetAt);
    if (!target.startsWith('/') || lineEnd < 0) break;
    const prefix = `/sample${number}.${i}`;
    bytes += `${input.slice(at, targetAt)}${prefix}${input.slice(targetAt, lineEnd)}\r\n`;
    if (!/^host:/im.test(input.slice(lineEnd))) bytes += 'Host: a\r\n';
    at = lineEnd + 2;
    if (isWhole) requests.push({ target: prefix + target, body });
  }
  return { bytes: bytes + input.slice(at), requests };
}

describe.skipIf(!existsSync(LLHTTP))(
  'requests of the llhttp tests (skipped where ../shared/data is missing)',
  () => {
    it.each(CHAINS)(
      `are refused, or behind %s the very requests that they are, to ${ORIGIN_NAMES}`,
      async (kind) => {
        const samples = readdirSync(LLHTTP)
          .flatMap((file) => llhttpSamples(readFileSync(new URL(file, LLHTTP), 'utf8')))
          .map(marked);
        const problems: unknown[] = [];
        let most = 0;
        for (const { name, begin } of RECORDING_ORIGINS) {
          const origin = await begin();
          const { address } = await startChain(kind, origin.address);
          await Promise.all(
            samples.map(async ({ bytes, requests }) => {
              const client = await rawClient(address);
              client.write(bytes);
              const isAnswered = (text: string): boolean =>
                text.split('HTTP/1.1 ').length > requests.length;
              // What a lenient parser takes for whole may be waited on here: that ends it.
              const patience = new Promise((resolve) => setTimeout(resolve, 500));
              await Promise.race([client.got(isAnswered).catch(() => undefined), patience]);
              client.end();
              await client.closed();
            }),
          );
          const seen = await origin.seen();
          let whole = 0;
          for (const [number, { bytes, requests }] of samples.entries()) {
            const prefix = `/sample${number}.`;
            const own = seen
              .filter(({ target }) => target.startsWith(prefix))
              .toSorted((one, other) => (one.target < other.target ? -1 : 1));
            const complete = own.filter(({ body }) => body !== undefined);
            whole += complete.length;
            const isFirstOnes = requests.some(
              (_one, i) => JSON.stringify(complete) === JSON.stringify(requests.slice(0, i + 1)),
            );
            const isRight = complete.length === 0 || isFirstOnes;
            const once = new Set(own.map(({ target }) => target)).size === own.length;
            if (!isRight || !once) problems.push({ name, bytes, requests, own });
          }
          most = Math.max(most, whole);
          const strangers = seen.filter(({ target }) => !target.startsWith('/sample'));
          // HAProxy has rules of its own, for `#` and WebSockets: these are refused, and not another one.
          const refused = strangers.filter(({ target }) => target === '<BADREQ>').length;
          if (refused > most - whole || refused < strangers.length)
            problems.push({ name, strangers });
          expect(whole).toBeGreaterThan(50);
        }
        expect(problems).toEqual([]);
      },
    );
  },
);
