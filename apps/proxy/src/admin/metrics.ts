import { Counter, Gauge, Registry } from 'prom-client';
import { cumulative, type Histogram } from '../latency.ts';
import type { Figures } from './figures.ts';

/** What `/metrics` serves. */
export interface Metrics {
  readonly contentType: string;
  /** Figures for Prometheus. */
  text(figures: Figures): Promise<string>;
}

/** Makes the metrics. Nothing is kept here: what runs along with the requests is read when somebody asks. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'tp_http_requests_total',
    help: 'Requests by listener, upstream and outcome (class of status, or code of error).',
    labelNames: ['listener', 'upstream', 'outcome'],
    registers,
  });
  const httpBytes = new Counter({
    name: 'tp_http_bytes_total',
    help: 'Bytes that crossed HTTP sockets, as the sockets count them.',
    labelNames: ['direction'],
    registers,
  });
  const wireBytes = new Counter({
    name: 'tp_wire_bytes_total',
    help: 'Bytes that crossed the sockets of links.',
    labelNames: ['direction', 'peer'],
    registers,
  });
  const links = new Gauge({
    name: 'tp_links',
    help: 'Links by peer and state.',
    labelNames: ['peer', 'state'],
    registers,
  });
  const queueBytes = new Gauge({
    name: 'tp_queue_bytes',
    help: 'Bytes that wait to be sent over links.',
    registers,
  });
  const limitHits = new Counter({
    name: 'tp_limit_hits_total',
    help: 'How often each limit was reached.',
    labelNames: ['limit'],
    registers,
  });
  const cpuSeconds = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of this process and its workers, user and system.',
    registers,
  });
  const rssBytes = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of this process and its workers.',
    registers,
  });
  return {
    contentType: registry.contentType,
    async text({ stats, routes }) {
      registry.resetMetrics();
      for (const { listener, upstream, outcomes } of routes) {
        for (const [outcome, count] of Object.entries(outcomes)) {
          requests.inc({ listener, upstream, outcome }, count);
        }
      }
      httpBytes.inc({ direction: 'in' }, stats.httpBytes.in);
      httpBytes.inc({ direction: 'out' }, stats.httpBytes.out);
      for (const { peer, wireBytesIn, wireBytesOut } of stats.peers) {
        wireBytes.inc({ direction: 'in', peer }, wireBytesIn);
        wireBytes.inc({ direction: 'out', peer }, wireBytesOut);
      }
      for (const { peer, state } of stats.links) links.inc({ peer, state });
      queueBytes.set(stats.queueBytes);
      for (const [limit, hits] of Object.entries(stats.limitHits)) limitHits.inc({ limit }, hits);
      cpuSeconds.inc(stats.cpuSeconds);
      rssBytes.set(stats.rssBytes);
      const metrics = registry.metrics();
      return `${await metrics}\n${histogram(stats.latency)}`;
    },
  };
}

const NAME = 'tp_request_duration_seconds';

/** Written by hand: prom-client's own histogram would have to observe each request as it passes. */
function histogram(latency: Histogram): string {
  const lines = [
    `# HELP ${NAME} From the head of a request to the head of its response.`,
    `# TYPE ${NAME} histogram`,
    ...cumulative(latency).map(({ seconds, count }) => `${NAME}_bucket{le="${seconds}"} ${count}`),
    `${NAME}_bucket{le="+Inf"} ${latency.count}`,
    `${NAME}_sum ${latency.sumMs / 1000}`,
    `${NAME}_count ${latency.count}`,
  ];
  return `${lines.join('\n')}\n`;
}
