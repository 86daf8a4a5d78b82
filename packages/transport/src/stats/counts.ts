/**
 * What is counted from the start: by each link, summed over the links of a peer, and over all. To
 * count something else, add a field here and increment it where it happens, in `link.counters` or,
 * for what no link has seen, in the totals of a pool or server.
 */
export class Counts {
  /** Bytes that crossed the connections; under TLS, without what TLS adds. */
  wireBytesIn = 0;
  wireBytesOut = 0;
  /** Bytes of records after unpacking and before packing. */
  unpackedBytesIn = 0;
  unpackedBytesOut = 0;
  batchesIn = 0;
  batchesOut = 0;
  /** Requests written by a client, or taken by a server. */
  requests = 0;
  /** Of these, written again after an earlier attempt had failed. */
  retries = 0;
  /** Second attempts that were sent because the first had no answer in time. */
  hedges = 0;
  /** Calls that were dropped from a full line so that newer ones found room. */
  shed = 0;
}

/** Adds each count to a sum. */
export function addCounts(sum: Counts, counts: Readonly<Counts>): void {
  for (const name of NAMES) sum[name] += counts[name];
}

/** The counts as a plain object. */
export function plainCounts(counts: Readonly<Counts>): Counts {
  const plain = new Counts();
  addCounts(plain, counts);
  return { ...plain };
}

const ZERO = new Counts();
const NAMES = Object.keys(ZERO).filter((name): name is keyof Counts => name in ZERO);
