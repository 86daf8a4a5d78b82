/** @import { Stats } from '../stats.ts' */
/** @import { Row } from './table.js' */
import { Table } from './table.js';
import {
  binaryBytes,
  bytes,
  count,
  cpuTime,
  duration,
  milliseconds,
  money,
  percent,
  times,
} from './units.js';

const GB = 1e9;
/** A page with more rows of links helps nobody. */
const MOST_LINKS = 50;

/** @param {Element} table @returns {(stats: Stats, price: number) => void} */
export function ledgerTable(table) {
  const view = new Table(
    table,
    [
      'Route',
      'From',
      'To',
      'Requests',
      'Failed',
      'HTTP',
      'Wire',
      'Saved',
      'Saved part',
      'CPU',
      'Money',
    ],
    [0, 1, 2],
  );
  return ({ ledger }, price) => {
    /** @type {Row[]} */
    const rows = ledger.map((line) => ({
      cells: [
        line.route === '' ? 'none' : line.route,
        line.listener,
        line.upstream === 'none' ? 'answered here' : line.upstream,
        count(line.requests),
        line.failed === 0 ? '0' : { text: count(line.failed), level: 'bad' },
        bytes(line.httpBytes),
        bytes(line.wireBytes),
        bytes(line.savedBytes),
        part(line.savedBytes, line.httpBytes),
        cpuTime(line.cpuSeconds),
        money(line.savedBytes === null ? null : (line.savedBytes / GB) * price),
      ],
    }));
    if (rows.length > 1) {
      const packed = ledger.filter(({ savedBytes }) => savedBytes !== null);
      /** @param {(line: Stats['ledger'][number]) => number | null} of */
      const sum = (of) => packed.reduce((all, line) => all + (of(line) ?? 0), 0);
      const saved = sum((line) => line.savedBytes);
      rows.push({
        kind: 'total',
        cells: [
          'All',
          '',
          'over links',
          count(sum((line) => line.requests)),
          count(sum((line) => line.failed)),
          bytes(sum((line) => line.httpBytes)),
          bytes(sum((line) => line.wireBytes)),
          bytes(saved),
          part(
            saved,
            sum((line) => line.httpBytes),
          ),
          cpuTime(sum((line) => line.cpuSeconds)),
          money((saved / GB) * price),
        ],
      });
    }
    view.show(rows, 'No request has come yet.');
  };
}

/** @type {Record<string, { text: string, level: 'good' | 'warn' | 'bad' | 'idle' }>} */
const STANDINGS = {
  well: { text: 'well', level: 'good' },
  open: { text: 'open', level: 'good' },
  returning: { text: 'returning: its part grows', level: 'warn' },
  probed: { text: 'probed: gets a few', level: 'warn' },
  opening: { text: 'opening', level: 'warn' },
  draining: { text: 'draining', level: 'warn' },
  leaving: { text: 'leaving', level: 'idle' },
  idle: { text: 'idle: opened when needed', level: 'idle' },
  shunned: { text: 'shunned for a moment', level: 'bad' },
  ejected: { text: 'ejected: too many failed', level: 'bad' },
  down: { text: 'down', level: 'bad' },
};

/** @param {string} state */
function standing(state) {
  return STANDINGS[state] ?? { text: state, level: 'idle' };
}

/** @param {Element} table @returns {(stats: Stats) => void} */
export function upstreamTable(table) {
  const view = new Table(
    table,
    ['Upstream', 'Group', 'State', 'In flight', 'Latency', 'Failures', 'Ejections'],
    [0, 1, 2],
  );
  return ({ upstreams }) => {
    const rows = upstreams.flatMap((upstream) => {
      /** @type {Row} */
      const own = {
        cells: [
          upstream.upstream,
          upstream.weight === 1 ? upstream.group : `${upstream.group}, weight ${upstream.weight}`,
          standing(upstream.standing),
          count(upstream.pending),
          milliseconds(upstream.latencyMs),
          count(upstream.failures),
          count(upstream.ejections),
        ],
      };
      /** @type {Row[]} */
      const peers = upstream.peers.map((peer) => ({
        kind: 'part',
        cells: [
          `peer ${peer.peer}`,
          peer.links === 1 ? '1 link' : `${peer.links} links`,
          standing(peer.state),
          count(peer.pending),
          milliseconds(peer.latencyMs),
          count(peer.failures),
          count(peer.ejections),
        ],
      }));
      return [own, ...peers];
    });
    view.show(rows, 'There is no upstream.');
  };
}

/** @param {Element} table @returns {(stats: Stats) => void} */
export function linkTable(table) {
  const view = new Table(
    table,
    [
      'Link',
      'State',
      'Codec',
      'Window ↑ ↓',
      'Packed ↑ ↓',
      'In flight',
      'Queue',
      'Credit ↑ ↓',
      'Round trip',
      'Wire ↑ ↓',
      'Age',
    ],
    [0, 1],
  );
  return ({ links }) => {
    /** @type {Row[]} */
    const rows = links.slice(0, MOST_LINKS).map((link) => ({
      cells: [
        `#${link.link} ${link.side === 'client' ? 'to' : 'at'} ${link.peer}`,
        standing(link.state),
        pair(link.codecOut, link.codecIn),
        pair(binaryBytes(link.windowBytesOut), binaryBytes(link.windowBytesIn)),
        pair(times(link.ratioOut), times(link.ratioIn)),
        count(link.pending),
        bytes(link.queueBytes),
        pair(binaryBytes(link.sendCredit), binaryBytes(link.receiveCredit)),
        milliseconds(link.smoothedRoundTripMs),
        pair(bytes(link.wireBytesOut), bytes(link.wireBytesIn)),
        duration(link.ageMs / 1000),
      ],
    }));
    const more = links.length - rows.length;
    if (more > 0) rows.push({ cells: [`and ${count(more)} more, in stats.json`] });
    view.show(rows, 'No link stands. One is opened when the first request needs it.');
  };
}

/** What those who run the proxy can do about a limit. @type {Record<string, string>} */
const ADVICE = {
  maxBodyBytes: 'Request bodies longer than --max-body were refused with 413.',
  maxHeadBytes: 'Heads longer than --max-head were refused with 431.',
  maxRunningHandlers: 'More than --max-requests waited for an answer; the rest got 503.',
  maxFrontConnections: 'More than --max-connections HTTP connections; the rest were closed.',
  maxPendingRequests: 'More requests waited for one upstream than may; the rest got 503.',
  maxPendingBytes: 'Bodies of more bytes waited for a link than may; the rest were refused.',
  retryBudget:
    'More attempts failed than --retry-percent lets be tried again: look at the upstreams.',
  ejection: 'A peer was left out for a while, as too many of its requests failed.',
  allow: 'Connections from addresses that --allow does not name were cut off.',
  clientNames: 'Clients showed certificates without any of --client-names.',
  token: 'Links said no token, or one that --tokens does not name.',
  idleTimeout: 'Links where nothing moved were closed; they open again when needed.',
  headersTimeout: 'Clients took longer than --headers-timeout to send a head; they got 408.',
  handshakeTimeout: 'Connections did not become a link in time.',
  linkBuffer: 'A link had as much unsent as it may hold, and sent on when there was room.',
};

/** @param {Element} table @returns {(stats: Stats) => void} */
export function limitTable(table) {
  const view = new Table(table, ['Limit', 'What it means', 'Hits', 'While you watch'], [0, 1]);
  /** @type {Map<string, number> | undefined} */
  let atFirst;
  return ({ limitHits }) => {
    const hits = Object.entries(limitHits).toSorted((one, other) => other[1] - one[1]);
    atFirst ??= new Map(hits);
    const before = atFirst;
    /** @type {Row[]} */
    const rows = hits.map(([limit, total]) => {
      const since = Math.max(0, total - (before.get(limit) ?? 0));
      return {
        cells: [
          limit,
          Object.hasOwn(ADVICE, limit)
            ? (ADVICE[limit] ?? '')
            : 'A bound of links that keeps a peer from overdoing it.',
          count(total),
          since === 0 ? '0' : { text: `+${count(since)}`, level: 'warn' },
        ],
      };
    });
    view.show(rows, 'No limit was reached so far. That is how it should be.');
  };
}

/** Of what is sent and received. @param {string} sent @param {string} received */
function pair(sent, received) {
  return sent === received ? sent : `${sent} / ${received}`;
}

/** @param {number | null} saved @param {number | null} of */
function part(saved, of) {
  return percent(saved === null || of === null || of === 0 ? null : saved / of);
}
