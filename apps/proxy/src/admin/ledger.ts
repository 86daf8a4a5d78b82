import type { RunningProxy } from '../proxy.ts';

/**
 * What requests from one listener by one route to one upstream have cost and saved since the start.
 * Sockets and links carry the requests of many routes and are counted as wholes: what such a whole has
 * carried is shared out by what each route's heads and bodies took, once what is known to be another's
 * is taken off. The CPU time of the process is shared out by the number of requests.
 */
export interface LedgerLine {
  /** Host and path as configured, `/` for all; empty for requests that took no route. */
  readonly route: string;
  readonly listener: string;
  /** `none` for requests that were answered here. */
  readonly upstream: string;
  readonly requests: number;
  /** Of these, ended by an error of the proxy or a status of 500 or more. */
  readonly failed: number;
  /** Both directions, on the side that speaks HTTP; null where none does or a reload has ended it. */
  readonly httpBytes: number | null;
  /** Both directions, on the side of the links; null where there is none. */
  readonly wireBytes: number | null;
  /** HTTP bytes that did not have to cross the links; below 0 where links cost more than they spare. */
  readonly savedBytes: number | null;
  readonly cpuSeconds: number;
}

/** What has crossed the sockets of one listener or upstream, both directions together. */
interface Carried {
  http: number;
  wire: number;
  /** What the routes that share it took. */
  shares: number;
}

/** The ledger as it stands now, a line for each way that has had a request: by route, those without one last. */
export function ledger(proxy: RunningProxy, cpuSeconds: number): LedgerLine[] {
  const inputs = new Map<string, Carried>();
  const outputs = new Map<string, Carried>();
  for (const { name, listener } of proxy.inputs) carry(inputs, name, listener.figures());
  for (const upstream of proxy.upstreams) carry(outputs, upstream.name, upstream.figures());

  const counted = proxy.meters.routes
    .map((route) => ({
      route: route.name,
      listener: route.listener,
      upstream: route.upstream,
      ...count(route.outcomes),
      input: inputs.get(route.listener),
      output: outputs.get(route.upstream),
      share: route.bytes,
    }))
    .filter(({ requests }) => requests > 0)
    .toSorted(byRoute);
  const all = counted.reduce((sum, { requests }) => sum + requests, 0);
  for (const { output, share } of counted) if (output !== undefined) output.shares += share;
  for (const { input, output, share } of counted) {
    if (input === undefined) continue;
    // What an HTTP upstream was sent has come in as about as many bytes, and is not the links'.
    if (input.http > 0 && output !== undefined && output.http > 0) {
      input.http = Math.max(0, input.http - part(output.http, share, output));
    } else input.shares += share;
  }
  return counted.map(({ input, output, share, ...line }) => {
    const { requests } = line;
    const isInHttp = input !== undefined && input.http > 0;
    const isOutHttp = output !== undefined && output.http > 0;
    const isInWire = input !== undefined && input.wire > 0;
    const isOutWire = output !== undefined && output.wire > 0;
    let httpBytes: number | null = null;
    if (isOutHttp) httpBytes = part(output.http, share, output);
    else if (isInHttp) httpBytes = part(input.http, share, input);
    let wireBytes: number | null = null;
    if (isOutHttp && isInWire) wireBytes = part(input.wire, share, input);
    else if (isInHttp && isOutWire) wireBytes = part(output.wire, share, output);
    return {
      ...line,
      httpBytes,
      wireBytes,
      savedBytes: httpBytes === null || wireBytes === null ? null : httpBytes - wireBytes,
      cpuSeconds: cpuSeconds * (requests / all),
    };
  });
}

/** The order of the ledger: by route, those without one last. */
export function byRoute(
  one: { readonly route: string },
  other: { readonly route: string },
): number {
  if (one.route === other.route) return 0;
  if (one.route === '' || other.route === '') return one.route === '' ? 1 : -1;
  return one.route < other.route ? -1 : 1;
}

/** HTTP bytes that came from HTTP clients and went on to HTTP origins, on both sides together. */
export function directHttpBytes(proxy: RunningProxy, lines: readonly LedgerLine[]): number {
  const overHttp = new Set<string>();
  for (const { name, listener } of proxy.inputs) {
    if (listener.figures().httpBytesIn > 0) overHttp.add(name);
  }
  const origins = new Set<string>();
  for (const upstream of proxy.upstreams) {
    if (upstream.figures().httpBytesOut > 0) origins.add(upstream.name);
  }
  return lines
    .filter(({ listener, upstream }) => overHttp.has(listener) && origins.has(upstream))
    .reduce((sum, { httpBytes }) => sum + 2 * (httpBytes ?? 0), 0);
}

function carry(
  sums: Map<string, Carried>,
  name: string,
  figures: {
    readonly httpBytesIn: number;
    readonly httpBytesOut: number;
    readonly peers: readonly { readonly wireBytesIn: number; readonly wireBytesOut: number }[];
  },
): void {
  const sum = sums.get(name) ?? { http: 0, wire: 0, shares: 0 };
  sums.set(name, sum);
  sum.http += figures.httpBytesIn + figures.httpBytesOut;
  for (const { wireBytesIn, wireBytesOut } of figures.peers) sum.wire += wireBytesIn + wireBytesOut;
}

/** The share that a route has in bytes. */
function part(bytes: number, share: number, whole: Carried): number {
  return whole.shares === 0 ? 0 : Math.round((bytes * share) / whole.shares);
}

function count(outcomes: ReadonlyMap<string, number>): { requests: number; failed: number } {
  let requests = 0;
  let failed = 0;
  for (const [outcome, times] of outcomes) {
    requests += times;
    if (!ANSWERED.has(outcome)) failed += times;
  }
  return { requests, failed };
}

const ANSWERED: ReadonlySet<string> = new Set(['1xx', '2xx', '3xx', '4xx']);
