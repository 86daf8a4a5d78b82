import { type Findings, makeReport, type Report, type Result } from '../report/report.ts';

/** Both directions together and each by itself. */
function exchange(name: string, system: string, codec: Result['codec'], bytes: number): Result[] {
  const parts: readonly (readonly [string, number])[] = [
    ['', 1],
    ['/requests', 0.62],
    ['/responses', 0.38],
  ];
  return parts.map(([part, share]) => ({
    system,
    case: `${name}${part}`,
    ...(codec === undefined ? {} : { codec }),
    httpBytesPerOp: 2391.7 * share,
    wireBytesPerOp: bytes * share,
  }));
}

function call(
  system: string,
  name: string,
  codec: Result['codec'],
  callers: number,
  us: number,
): Result {
  return {
    system,
    case: name,
    ...(codec === undefined ? {} : { codec }),
    tls: false,
    callers,
    nsPerOp: us * 1000,
    cpuUsPerOp: us * 0.98,
    opsPerSecond: 1e6 / us,
    p50Us: us * callers * 0.97,
    p99Us: us * callers * 1.61 + 90,
  };
}

function memory(state: string, end: string, codec: Result['codec'], kib: number): Result {
  return {
    system: 'tp',
    case: `${state}/500/${end}`,
    ...(codec === undefined ? {} : { codec }),
    bytesPerLink: kib * 1024,
    heapBytesPerLink: kib * 600,
    externalBytesPerLink: kib * 100,
  };
}

function proxied(system: string, codec: Result['codec'], rps: number, cpuUs: number): Result[] {
  const set = codec === undefined ? {} : { codec };
  const cpu = cpuUs === 0 ? {} : { cpuUsPerOp: cpuUs };
  return [
    {
      system,
      case: 'proxy/get/peak',
      ...set,
      ...cpu,
      opsPerSecond: rps,
      p50Us: 6e7 / rps,
      p99Us: 1.9e8 / rps,
    },
    {
      system,
      case: 'proxy/get/load-50',
      ...set,
      opsPerSecond: 5500,
      p50Us: 1.2e6 / rps,
      p99Us: 9e6 / rps,
    },
  ];
}

const FINDINGS: Findings = {
  results: [
    ...exchange('rtb', 'http1', undefined, 2391.7),
    ...exchange('rtb', 'gzip-bodies', 'gzip', 1496.2),
    ...exchange('rtb', 'http2', undefined, 2105.3),
    ...exchange('rtb/batch-64', 'ssh', 'deflate', 431.8),
    ...exchange('rtb', 'offline', 'zstd', 301.3),
    ...exchange('rtb/batch-1', 'httpteleport', 'flate', 433.1),
    ...exchange('rtb/batch-64', 'httpteleport', 'flate', 380.4),
    ...exchange('rtb/batch-1', 'tp', 'zstd', 431.7),
    ...exchange('rtb/batch-64', 'tp', 'zstd', 353.8),
    ...exchange('rtb/batch-64', 'tp', 'deflate', 361.2),
    ...exchange('rtb/batch-64', 'tp', 'none', 2051.9),
    { system: 'hpack', case: 'headers/story-20', httpBytesPerOp: 429.2, wireBytesPerOp: 53.21 },
    {
      system: 'tp',
      case: 'headers/story-20',
      codec: 'none',
      httpBytesPerOp: 429.2,
      wireBytesPerOp: 75.17,
    },
    {
      system: 'tp',
      case: 'headers/story-20/batch-8',
      codec: 'zstd',
      httpBytesPerOp: 429.2,
      wireBytesPerOp: 41.57,
    },
    call('tp', 'get/none/1000', 'none', 1000, 1.104),
    call('tp-floor', 'get/none/1000', 'none', 1000, 0.603),
    call('httpteleport', 'get/none/1000', 'none', 1000, 12.31),
    call('httpteleport', 'get/none/1000/delay-1ms', 'none', 1000, 9.62),
    call('httpteleport-memory', 'get/none/1000', 'none', 1000, 5.013),
    call('tp', 'get/none/100', 'none', 100, 1.312),
    call('undici', 'get/none/100', 'none', 100, 58.26),
    call('undici', 'get/none/100/pipelining-10', 'none', 100, 41.93),
    call('node-http2', 'get/none/100', 'none', 100, 77.14),
    call('grpc-js', 'get/none/100', 'none', 100, 103.9),
    call('tp', 'shapes/lean', 'none', 100, 1.421),
    call('tp', 'shapes/fetch', 'none', 100, 21.07),
    call('tp', 'rtb/compressed/100', 'zstd', 100, 13.3),
    call('tp', 'rtb/none/100', 'none', 100, 9.17),
    call('undici', 'rtb/none/100', 'none', 100, 71.3),
    call('tp', 'rtb/compressed/1000', 'zstd', 1000, 11.84),
    call('tp', 'rtb/compressed/1000', 'deflate', 1000, 38.05),
    call('httpteleport', 'rtb/compressed/1000', 'flate', 1000, 96.27),
    { system: 'link', case: 'link/rtb', httpBytesPerSecond: 2.5e6 },
    { system: 'http1', case: 'link/rtb', httpBytesPerSecond: 2.385e6, opsPerSecond: 1016.2 },
    {
      system: 'tp',
      case: 'link/rtb',
      codec: 'zstd',
      httpBytesPerSecond: 1.4923e7,
      opsPerSecond: 6360.5,
    },
    {
      system: 'tp',
      case: 'link/rtb',
      codec: 'none',
      httpBytesPerSecond: 2.711e6,
      opsPerSecond: 1155.1,
    },
    ...proxied('nothing', undefined, 48_213, 0),
    ...proxied('tp', 'zstd', 11_034, 121.4),
    ...proxied('nginx', undefined, 23_407, 51.13),
    ...proxied('haproxy', undefined, 26_118, 44.52),
    memory('fresh', 'client', 'none', 14.62),
    memory('fresh', 'server', 'zstd', 19.41),
    memory('busy', 'client', 'zstd', 1843.7),
    memory('busy', 'client', 'deflate', 512.3),
    memory('idle', 'client', 'zstd', 21.08),
    {
      system: 'tp',
      case: 'rtb/requests/encode/batch-64',
      nsPerOp: 1873.4,
      cpuUsPerOp: 1.87,
      opsPerSecond: 533_788,
      bytesPerSecond: 1.0213e9,
    },
  ],
  ratios: [
    { name: 'rtb bytes vs http1', value: 6.7598, higherIsBetter: true },
    { name: 'get/none/1000 vs httpteleport', value: 8.7138, higherIsBetter: true },
    { name: 'get/none/1000 vs tp-floor', value: 1.8308, higherIsBetter: false },
    { name: 'get/none/100 vs undici', value: 31.959, higherIsBetter: true },
    { name: 'get/none/100 vs node-http2', value: 58.796, higherIsBetter: true },
    { name: 'link goodput vs link rate', value: 5.9692, higherIsBetter: true },
  ],
  notMeasured: [
    {
      system: 'httptp',
      why: 'the Go module proxy does not serve <github.com/valyala/httptp> (404 Not)',
    },
  ],
  versions: [
    { system: 'undici', version: '8.12.4' },
    { system: 'nginx', version: '1.22.1' },
  ],
};

/** A report with something of every suite. Its figures are made up. */
export const REPORT: Report = makeReport('all', FINDINGS);
