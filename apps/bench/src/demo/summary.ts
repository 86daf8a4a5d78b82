import { countText, sizeText } from '@tp/savings';
import type { DemoFigures } from './figures.ts';

/** What the demo says at its end. */
export function summaryText(figures: DemoFigures): string {
  const { requests, errors, httpBytes, wireBytes, ratio, requestsPerSecond, p50Ms, p99Ms } =
    figures;
  return `
${sizeText(httpBytes)} of HTTP crossed the link as ${sizeText(wireBytes)}: ${ratio.toFixed(1)} times fewer bytes.
${countText(requests)} requests (bid requests and a JSON API), ${errors === 0 ? 'no errors' : `${countText(errors)} errors`}:
each answer was compared with what was due, byte for byte.
${countText(requestsPerSecond)} requests/s, half within ${p50Ms.toFixed(1)} ms, 99 % within ${p99Ms.toFixed(1)} ms,
while client, both proxies and service shared this one machine.

Put it before your own service (here: http://127.0.0.1:8080):
  next to the service:
    npm run proxy -- --in teleport://127.0.0.1:7070 --out http://127.0.0.1:8080
  next to its callers:
    npm run proxy -- --in http://127.0.0.1:8000 --out teleport://127.0.0.1:7070
Then call http://127.0.0.1:8000.
Between two machines, use teleports:// (TLS) for the link.
`;
}
