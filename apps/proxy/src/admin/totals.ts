import type { LinkFigures } from '../exchange.ts';
import type { RunningProxy } from '../proxy.ts';

/** The figures of all listeners and upstreams together. */
export interface Totals {
  readonly httpBytes: { readonly in: number; readonly out: number };
  /** By the name of the listener or upstream whose links they crossed. */
  readonly wireBytes: ReadonlyMap<string, { readonly in: number; readonly out: number }>;
  readonly queueBytes: number;
  readonly links: readonly LinkFigures[];
  readonly limitHits: ReadonlyMap<string, number>;
}

/** Adds up what there is now. */
export function totals(proxy: RunningProxy): Totals {
  const parts = [
    ...proxy.listeners.map((one) => ({ name: one.address, figures: one.figures() })),
    ...proxy.upstreams.map((one) => ({ name: one.name, figures: one.figures() })),
  ];
  const wireBytes = new Map<string, { in: number; out: number }>();
  const limitHits = new Map(proxy.meters.limitHits);
  const links: LinkFigures[] = [];
  let httpIn = 0;
  let httpOut = 0;
  let queueBytes = 0;
  for (const { name, figures } of parts) {
    httpIn += figures.httpBytesIn;
    httpOut += figures.httpBytesOut;
    queueBytes += figures.queueBytes;
    links.push(...figures.links);
    if (name.startsWith('teleport')) {
      wireBytes.set(name, { in: figures.wireBytesIn, out: figures.wireBytesOut });
    }
    for (const [limit, hits] of figures.limitHits) {
      limitHits.set(limit, (limitHits.get(limit) ?? 0) + hits);
    }
  }
  return { httpBytes: { in: httpIn, out: httpOut }, wireBytes, queueBytes, links, limitHits };
}
