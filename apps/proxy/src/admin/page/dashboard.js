/** @import { Stats } from '../stats.ts' */
import { Chart } from './chart.js';
import { both, History, linkedHttpBytes } from './history.js';
import { ledgerTable, limitTable, linkTable, upstreamTable } from './tables.js';
import { Tiles } from './tiles.js';
import {
  bytes,
  bytesPerSecond,
  duration,
  milliseconds,
  percent,
  perSecond,
  times,
} from './units.js';
import { verdicts } from './verdicts.js';

const POLL_MS = 1000;
/** An answer that takes so long will not come, in ms. */
const PATIENCE_MS = 5000;
const PRICE_KEY = 'tp-proxy price per GB';

const history = new History();
const tiles = new Tiles(find('tiles'));
const charts = [
  new Chart(find('chart-bytes'), {
    series: [
      { key: 'http', label: 'as HTTP', color: 'c-http', filled: true },
      { key: 'wire', label: 'on the wire', color: 'c-wire', filled: true },
    ],
    format: bytesPerSecond,
    least: 1000,
  }),
  new Chart(find('chart-ratio'), {
    series: [{ key: 'ratio', label: 'HTTP : wire', color: 'c-wire', filled: true }],
    format: times,
    least: 2,
    mark: 1,
  }),
  new Chart(find('chart-requests'), {
    series: [
      { key: 'requests', label: 'all', color: 'c-http', filled: true },
      { key: 'failed', label: 'failed', color: 'c-bad' },
    ],
    format: perSecond,
    least: 1,
  }),
  new Chart(find('chart-latency'), {
    series: [
      { key: 'p99', label: 'p99', color: 'c-mid' },
      { key: 'p90', label: 'p90', color: 'c-http' },
      { key: 'p50', label: 'p50', color: 'c-wire' },
    ],
    format: milliseconds,
    least: 1,
  }),
  new Chart(find('chart-queue'), {
    series: [{ key: 'queue', label: 'queued', color: 'c-warn', filled: true }],
    format: bytes,
    least: 1000,
  }),
  new Chart(find('chart-cpu'), {
    series: [{ key: 'cpu', label: 'CPU', color: 'c-mid', filled: true }],
    format: percent,
    least: 1,
    mark: 1,
  }),
];
const showLedger = ledgerTable(find('ledger'));
const showUpstreams = upstreamTable(find('upstreams'));
const showLinks = linkTable(find('links'));
const showLimits = limitTable(find('limits'));
const main = find('main');
const status = find('status');
const price = find('price');
/** @type {Stats | undefined} */
let latest;
let readAt = 0;

if (price instanceof HTMLInputElement) {
  price.addEventListener('input', () => {
    storePrice(price.value);
    if (latest !== undefined) showLedger(latest, priceNow());
  });
}
await poll();

async function poll() {
  for (;;) {
    const began = Date.now();
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch('stats.json', { cache: 'no-store', signal });
      if (!response.ok) throw new Error(`status ${response.status}`);
      /** @type {Stats} */
      const stats = await response.json();
      if (latest === undefined) begin(stats);
      latest = stats;
      readAt = Date.now();
      history.add(stats, readAt);
      main.classList.remove('stale');
      show(stats);
    } catch {
      main.classList.add('stale');
      history.gap(Date.now());
      status.dataset.level = 'bad';
      status.textContent =
        readAt === 0
          ? 'The proxy does not answer. Trying again each second.'
          : `The proxy does not answer. Figures are ${duration((Date.now() - readAt) / 1000)} old.`;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + POLL_MS - Date.now())));
  }
}

/**
 * The first figures are there.
 *
 * @param {Stats} stats
 */
function begin(stats) {
  if (price instanceof HTMLInputElement) price.value = `${firstPrice(stats)}`;
  find('measure').hidden = !stats.measures;
}

/** @param {Stats} stats */
function show(stats) {
  status.dataset.level = stats.draining ? 'warn' : 'good';
  status.textContent = `${stats.draining ? 'Draining' : 'Running'}, up ${duration(stats.uptimeSeconds)}`;
  const isEmpty = stats.requests.total === 0;
  find('empty').hidden = !isEmpty;
  find('live').hidden = isEmpty;
  showUpstreams(stats);
  showLinks(stats);
  showLimits(stats);
  if (isEmpty) showEmpty(stats);
  else showLive(stats);
}

/** @param {Stats} stats */
function showLive(stats) {
  showTotals(stats);
  const { samples } = history;
  const found = verdicts(stats, samples).map(({ level, text }) => {
    const item = document.createElement('li');
    item.dataset.level = level;
    item.textContent = text;
    return item;
  });
  find('verdicts').replaceChildren(...found);
  tiles.show(stats, samples.at(-1));
  for (const chart of charts) chart.draw(samples);
  showLedger(stats, priceNow());
}

/** @param {Stats} stats */
function showEmpty({ listeners }) {
  const places = listeners.map((address) => {
    const item = document.createElement('li');
    item.textContent = address;
    return item;
  });
  find('listeners').replaceChildren(...places);
  const http = listeners.find((address) => /^https?:/.test(address));
  find('try').hidden = http === undefined;
  if (http === undefined) {
    find('try-text').textContent = 'They come over links: send one to the proxy at the other end.';
  } else find('try').textContent = `curl -i ${http}/`;
}

/** @param {Stats} stats */
function showTotals(stats) {
  const [http, wire] = [linkedHttpBytes(stats), both(stats.wireBytes)];
  const most = Math.max(http, wire, 1);
  const { directHttpBytes } = stats;
  find('direct').textContent =
    directHttpBytes === 0
      ? ''
      : ` ${bytes(directHttpBytes)} of HTTP passed no link and is left out.`;
  setData('http-bytes', http, bytes(http));
  setData('wire-bytes', wire, bytes(wire));
  find('http-bar').setAttribute('width', `${(100 * http) / most}%`);
  find('wire-bar').setAttribute('width', `${(100 * wire) / most}%`);
  const ratio = http > 0 && wire > 0 ? http / wire : null;
  setData('ratio', ratio ?? 0, times(ratio));
  find('saved').textContent =
    ratio === null
      ? 'Nothing to compare: HTTP and links do not meet here.'
      : ratio >= 1
        ? `${bytes(http - wire)} saved so far, ${percent(1 - wire / http)}`
        : `Links carried ${bytes(wire - http)} more so far`;
}

/** @param {string} id @param {number} value the figure itself, as in metrics @param {string} text */
function setData(id, value, text) {
  const element = find(id);
  if (element instanceof HTMLDataElement) element.value = `${value}`;
  element.textContent = text;
}

function priceNow() {
  const value = price instanceof HTMLInputElement ? price.valueAsNumber : 0;
  return value >= 0 ? value : 0;
}

/**
 * What was set on this page before, else what the proxy was told.
 *
 * @param {Stats} stats
 */
function firstPrice({ pricePerGb }) {
  try {
    const kept = Number.parseFloat(localStorage.getItem(PRICE_KEY) ?? '');
    return kept >= 0 ? kept : pricePerGb;
  } catch {
    return pricePerGb;
  }
}

/** @param {string} value */
function storePrice(value) {
  try {
    localStorage.setItem(PRICE_KEY, value);
  } catch {
    // Kept for as long as the page is open, then.
  }
}

/** @param {string} id */
function find(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}
