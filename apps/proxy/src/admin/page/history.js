/** @import { Stats } from '../stats.ts' */

/**
 * What happened between two readings. Rates are by the clock of the proxy. Null: nothing to tell.
 *
 * @typedef {object} Sample
 * @property {number} at when it was read, in ms since 1970.
 * @property {number | null} http bytes a second, without those that pass no link.
 * @property {number | null} wire bytes a second.
 * @property {number | null} ratio HTTP bytes for each byte on the wire.
 * @property {number | null} requests a second.
 * @property {number | null} failed requests a second.
 * @property {number | null} p50 ms.
 * @property {number | null} p90 ms.
 * @property {number | null} p99 ms.
 * @property {number | null} queue bytes.
 * @property {number | null} cpu share of one core.
 */

/** How much is kept and shown, in ms. */
const KEPT_MS = 5 * 60_000;

/** Of how many readings back quantiles and the ratio are taken, or they would jump with little traffic. */
const SPAN = 5;

/** The factor between the bounds of two buckets. */
const BUCKET_GROWTH = 2 ** 0.25;

/** The last minutes of a proxy, from readings of its totals. */
export class History {
  /** @type {Sample[]} */
  samples = [];
  /** @type {Stats[]} */
  #readings = [];

  /** @param {Stats} stats @param {number} at */
  add(stats, at) {
    const before = this.#readings.at(-1);
    // Another process answers: its counters began anew.
    if (before !== undefined && stats.uptimeSeconds < before.uptimeSeconds) this.#readings = [];
    this.samples.push(sampleOf(stats, this.#readings, at));
    this.#readings.push(stats);
    if (this.#readings.length > SPAN) this.#readings.shift();
    while ((this.samples[0]?.at ?? at) < at - KEPT_MS) this.samples.shift();
  }

  /** Nothing could be read: the lines have a gap. @param {number} at */
  gap(at) {
    this.samples.push(unknown(at));
    this.#readings = [];
  }
}

/** Requests that ended by an error of the proxy or with 500 and more. @param {Stats} stats */
export function failedIn({ requests }) {
  let failed = 0;
  for (const [outcome, times] of Object.entries(requests.byOutcome)) {
    if (!['1xx', '2xx', '3xx', '4xx'].includes(outcome)) failed += times;
  }
  return failed;
}

/** HTTP bytes that crossed links in their other form. @param {Stats} stats */
export function linkedHttpBytes({ httpBytes, directHttpBytes }) {
  return both(httpBytes) - directHttpBytes;
}

/** @param {{ in: number, out: number }} two */
export function both(two) {
  return two.in + two.out;
}

/** @param {Stats} now @param {Stats[]} readings @param {number} at @returns {Sample} */
function sampleOf(now, readings, at) {
  const last = readings.at(-1);
  const first = readings[0];
  if (last === undefined || first === undefined) return { ...unknown(at), queue: now.queueBytes };
  const seconds = now.uptimeSeconds - last.uptimeSeconds;
  /** @param {(stats: Stats) => number} of */
  const rate = (of) => (seconds > 0 ? Math.max(0, of(now) - of(last)) / seconds : null);
  const wire = both(now.wireBytes) - both(first.wireBytes);
  const http = linkedHttpBytes(now) - linkedHttpBytes(first);
  const took = between(first.latency.buckets, now.latency.buckets);
  return {
    at,
    http: rate(linkedHttpBytes),
    wire: rate((stats) => both(stats.wireBytes)),
    // Pings alone are no traffic.
    ratio: now.requests.total > first.requests.total && wire > 0 ? Math.max(0, http) / wire : null,
    requests: rate((stats) => stats.requests.total),
    failed: rate(failedIn),
    p50: quantile(took, 0.5),
    p90: quantile(took, 0.9),
    p99: quantile(took, 0.99),
    queue: now.queueBytes,
    cpu: rate((stats) => stats.cpuSeconds),
  };
}

/** @param {number} at @returns {Sample} */
function unknown(at) {
  const none = { http: null, wire: null, ratio: null, requests: null, failed: null };
  return { at, ...none, p50: null, p90: null, p99: null, queue: null, cpu: null };
}

/** @typedef {readonly { readonly ms: number, readonly count: number }[]} Buckets */

/** What came into buckets. @param {Buckets} before @param {Buckets} after */
function between(before, after) {
  const had = new Map(before.map(({ ms, count: times }) => [ms, times]));
  return after.map(({ ms, count: times }) => ({ ms, count: times - (had.get(ms) ?? 0) }));
}

/** Durations are taken to be spread evenly over a bucket. @param {Buckets} buckets @param {number} share */
function quantile(buckets, share) {
  const wanted = buckets.reduce((sum, bucket) => sum + bucket.count, 0) * share;
  if (wanted <= 0) return null;
  let seen = 0;
  for (const { ms, count: times } of buckets) {
    if (times > 0 && seen + times >= wanted) {
      return ms * BUCKET_GROWTH ** ((wanted - seen) / times - 1);
    }
    seen += times;
  }
  return null;
}
