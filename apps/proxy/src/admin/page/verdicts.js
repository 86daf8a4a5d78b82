/** @import { Stats } from '../stats.ts' */
/** @import { Sample } from './history.js' */
import { both, failedIn, linkedHttpBytes } from './history.js';
import { count, milliseconds, percent, times } from './units.js';

/** @typedef {{ level: 'good' | 'warn' | 'bad' | 'idle', text: string }} Verdict */

/** Below that, links are hardly worth their while. */
const LITTLE_GAIN = 1.5;
/** A share of one core. */
const BUSY = 0.9;
/** A share of requests. */
const MANY_FAILED = 0.01;
/** So many bytes in all before the ratio says anything. */
const ENOUGH_BYTES = 100_000;

/** What figures say to whoever sees them for the first time. @param {Stats} stats @param {Sample[]} samples */
export function verdicts(stats, samples) {
  const late = samples.slice(-10);
  /** @type {Verdict[]} */
  const found = [];
  if (stats.draining)
    found.push({ level: 'warn', text: 'It is draining: takes no new requests and ends.' });
  found.push(ofUpstreams(stats), ofFailures(stats, late));
  const gain = ofGain(stats, late);
  if (gain !== undefined) found.push(gain);
  const cpu = mean(late, 'cpu');
  if (cpu !== null && cpu > BUSY) {
    found.push({ level: 'warn', text: `CPU is the bottleneck: ${percent(cpu)} of a core.` });
  }
  const [p50, p99] = [mean(late, 'p50'), mean(late, 'p99')];
  if (p50 !== null && p99 !== null && p99 > 20 * p50 && p99 > 50) {
    const text = `Some wait long: p99 is ${milliseconds(p99)}, the middle ${milliseconds(p50)}.`;
    found.push({ level: 'warn', text });
  }
  return found;
}

/** @param {Stats} stats @returns {Verdict} */
function ofUpstreams({ upstreams }) {
  const unwell = upstreams.filter((upstream) => !takesRequests(upstream));
  if (unwell.length === 0) {
    const all = upstreams.length;
    const text = all === 1 ? 'The upstream is well.' : `All ${count(all)} upstreams are well.`;
    return { level: 'good', text };
  }
  const level = unwell.length === upstreams.length ? 'bad' : 'warn';
  const [first] = unwell;
  if (unwell.length === 1 && first !== undefined) {
    return { level, text: `${first.upstream} takes no requests.` };
  }
  const text = `${count(unwell.length)} of ${count(upstreams.length)} upstreams take no requests.`;
  return { level, text };
}

/** @param {Stats['upstreams'][number]} upstream */
function takesRequests({ standing, peers }) {
  if (standing === 'down' || standing === 'ejected') return false;
  return peers.length === 0 || peers.some(({ state }) => state !== 'down' && state !== 'ejected');
}

/** @param {Stats} stats @param {Sample[]} late @returns {Verdict} */
function ofFailures(stats, late) {
  const failed = mean(late, 'failed') ?? 0;
  const share = failed / (mean(late, 'requests') ?? 1);
  if (failed > 0) {
    const text = `${percent(share)} of requests fail now.`;
    return { level: share > MANY_FAILED ? 'bad' : 'warn', text };
  }
  const total = failedIn(stats);
  if (total === 0) return { level: 'good', text: 'No request has failed.' };
  return { level: 'good', text: `None fails now; ${count(total)} did since the start.` };
}

/** @param {Stats} stats @param {Sample[]} late @returns {Verdict | undefined} */
function ofGain(stats, late) {
  const [http, wire] = [linkedHttpBytes(stats), both(stats.wireBytes)];
  if (wire === 0) return { level: 'idle', text: 'No link is used: HTTP is passed on as it is.' };
  if (http === 0)
    return { level: 'idle', text: 'No HTTP here: this process joins links to links.' };
  if (http < ENOUGH_BYTES)
    return { level: 'idle', text: 'Too little traffic yet to judge the ratio.' };
  const ratio = mean(late, 'ratio');
  if (ratio === null) return { level: 'idle', text: 'No traffic at the moment.' };
  if (ratio >= LITTLE_GAIN)
    return { level: 'good', text: `Links carry ${times(ratio)} less than HTTP would.` };
  return {
    level: 'warn',
    text: `Little is gained now: ${times(ratio)}. Is it compressed already?`,
  };
}

/** @param {Sample[]} samples @param {Exclude<keyof Sample, 'at'>} key */
function mean(samples, key) {
  const values = samples.map((sample) => sample[key]).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
