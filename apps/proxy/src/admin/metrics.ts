import { Counter, Gauge, Registry } from 'prom-client';
import type { Latency } from '../latency.ts';
import type { RunningProxy } from '../proxy.ts';
import { cpuSecondsNow } from './stats.ts';
import { totals } from './totals.ts';

/** What `/metrics` serves. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * The metrics of a proxy for Prometheus. Nothing is kept here: the counters that run along with
 * the requests are read when somebody asks.
 */
export function createMetrics(proxy: RunningProxy): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const { latency, routes } = proxy.meters;

  new Counter({
    name: 'tp_http_requests_total',
    help: 'Requests by listener, upstream and outcome (class of status, or code of error).',
    labelNames: ['listener', 'upstream', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { listener, upstream, outcomes } of routes) {
        for (const [outcome, count] of outcomes) this.inc({ listener, upstream, outcome }, count);
      }
    },
  });
  new Counter({
    name: 'tp_http_bytes_total',
    help: 'Bytes that crossed HTTP sockets of this process, as the sockets count them.',
    labelNames: ['direction'],
    registers,
    collect() {
      const { httpBytes } = totals(proxy);
      this.reset();
      this.inc({ direction: 'in' }, httpBytes.in);
      this.inc({ direction: 'out' }, httpBytes.out);
    },
  });
  new Counter({
    name: 'tp_wire_bytes_total',
    help: 'Bytes that crossed the sockets of links.',
    labelNames: ['direction', 'peer'],
    registers,
    collect() {
      this.reset();
      for (const { peer, wireBytesIn, wireBytesOut } of totals(proxy).peers) {
        this.inc({ direction: 'in', peer }, wireBytesIn);
        this.inc({ direction: 'out', peer }, wireBytesOut);
      }
    },
  });
  new Gauge({
    name: 'tp_links',
    help: 'Links by peer and state.',
    labelNames: ['peer', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { peer, state } of totals(proxy).links) this.inc({ peer, state });
    },
  });
  new Gauge({
    name: 'tp_queue_bytes',
    help: 'Bytes that wait to be sent over links.',
    registers,
    collect() {
      this.set(totals(proxy).queueBytes);
    },
  });
  new Counter({
    name: 'tp_limit_hits_total',
    help: 'How often each limit was reached.',
    labelNames: ['limit'],
    registers,
    collect() {
      this.reset();
      for (const [limit, hits] of totals(proxy).limitHits) this.inc({ limit }, hits);
    },
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of this process, user and system.',
    registers,
    collect() {
      this.reset();
      this.inc(cpuSecondsNow());
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of this process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  return {
    contentType: registry.contentType,
    text: async () => `${await registry.metrics()}\n${histogram(latency)}`,
  };
}

const NAME = 'tp_request_duration_seconds';

/** Written by hand: prom-client's own histogram would have to observe each request as it passes. */
function histogram(latency: Latency): string {
  const lines = [
    `# HELP ${NAME} From the head of a request to the head of its response.`,
    `# TYPE ${NAME} histogram`,
    ...latency.cumulative().map(({ seconds, count }) => `${NAME}_bucket{le="${seconds}"} ${count}`),
    `${NAME}_bucket{le="+Inf"} ${latency.count}`,
    `${NAME}_sum ${latency.sumMs / 1000}`,
    `${NAME}_count ${latency.count}`,
  ];
  return `${lines.join('\n')}\n`;
}
