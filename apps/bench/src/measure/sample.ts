/** What one run of one system gave. */
export interface Sample {
  readonly ops: number;
  readonly elapsedNs: number;
  /** CPU time of the whole process, client and server, in µs. */
  readonly cpuUs: number;
  /** Bytes on the link's sockets, both directions; left out by a system that does not count them. */
  readonly wireBytes?: number;
  /** What the same messages take as HTTP/1.1, both directions. */
  readonly httpBytes?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

/** The middle of the faster half of several runs, each figure taken by itself. */
export interface Figures {
  readonly nsPerOp: number;
  readonly cpuUsPerOp: number;
  readonly opsPerSecond: number;
  readonly httpBytesPerOp?: number;
  readonly wireBytesPerOp?: number;
  readonly p50Us?: number;
  readonly p99Us?: number;
}

/** @throws {Error} when the line is not a sample with at least one operation. */
export function parseSample(line: string): Sample {
  const found: unknown = JSON.parse(line);
  const ops = numberAt(found, 'ops');
  const elapsedNs = numberAt(found, 'elapsedNs');
  const cpuUs = numberAt(found, 'cpuUs');
  if (!ops || elapsedNs === undefined || cpuUs === undefined) {
    throw new Error(`expected a line with ops, elapsedNs and cpuUs; found ${line}`);
  }
  return {
    ops,
    elapsedNs,
    cpuUs,
    ...optional('wireBytes', numberAt(found, 'wireBytes')),
    ...optional('httpBytes', numberAt(found, 'httpBytes')),
    ...optional('p50Us', numberAt(found, 'p50Us')),
    ...optional('p99Us', numberAt(found, 'p99Us')),
  };
}

/**
 * The medians of the faster half of the runs. The slower half says what else the machine did: what takes
 * a core away only ever adds time, and as a rule more to whoever needs more of its cache.
 *
 * @throws {Error} when there are no samples.
 */
export function medianFigures(all: readonly Sample[]): Figures {
  const bySpeed = all.toSorted((a, b) => a.elapsedNs / a.ops - b.elapsedNs / b.ops);
  const samples = bySpeed.slice(0, Math.ceil(all.length / 2));
  const nsPerOp = median(samples.map((sample) => sample.elapsedNs / sample.ops));
  const cpuUsPerOp = median(samples.map((sample) => sample.cpuUs / sample.ops));
  if (nsPerOp === undefined || cpuUsPerOp === undefined) throw new Error('there are no samples');
  return {
    nsPerOp,
    cpuUsPerOp,
    opsPerSecond: 1e9 / nsPerOp,
    ...optional('httpBytesPerOp', median(perOp(samples, 'httpBytes'))),
    ...optional('wireBytesPerOp', median(perOp(samples, 'wireBytes'))),
    ...optional('p50Us', median(samples.flatMap((sample) => sample.p50Us ?? []))),
    ...optional('p99Us', median(samples.flatMap((sample) => sample.p99Us ?? []))),
  };
}

/** The middle value, or the mean of the two in the middle; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

function perOp(samples: readonly Sample[], key: 'httpBytes' | 'wireBytes'): number[] {
  return samples.flatMap((sample) => {
    const bytes = sample[key];
    return bytes === undefined ? [] : [bytes / sample.ops];
  });
}

function numberAt(value: unknown, key: string): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const found = Object.entries(value).find(([name]) => name === key)?.[1];
  return typeof found === 'number' ? found : undefined;
}

function optional<K extends string>(key: K, value: number | undefined): { [P in K]?: number } {
  const found: { [P in K]?: number } = {};
  if (value !== undefined) found[key] = value;
  return found;
}
