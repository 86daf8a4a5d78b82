import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a run of wrk gave. */
export interface Peak {
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/**
 * As many requests as are answered over so many connections, in a closed loop.
 *
 * @param more further arguments of wrk.
 * @throws {Error} when some were not answered.
 */
export async function runWrk(
  url: string,
  connections: number,
  seconds: number,
  more: readonly string[],
): Promise<Peak> {
  const args = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '--latency',
    ...more,
    url,
  ];
  const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      words += text;
    });
  }
  await once(child, 'close');
  return parseWrk(words);
}

/** Reads what wrk prints. @throws {Error} when requests failed, and when it is something else. */
export function parseWrk(text: string): Peak {
  const failed = /^\s*(Non-2xx.*|Socket errors.*)$/m.exec(text)?.[1];
  if (failed !== undefined && /[1-9]/.test(failed.replace('Non-2xx or 3xx', ''))) {
    throw new Error(`requests of wrk failed: ${failed.trim()}`);
  }
  const rate = /Requests\/sec:\s*([\d.]+)/.exec(text)?.[1];
  const [p50, p99] = [quantile(text, 50), quantile(text, 99)];
  if (rate === undefined || p50 === undefined || p99 === undefined) {
    throw new Error(`wrk gave no figures: ${text.trim().slice(0, 200)}`);
  }
  return { requestsPerSecond: Number(rate), p50Us: p50, p99Us: p99 };
}

const UNITS_US: ReadonlyMap<string, number> = new Map([
  ['us', 1],
  ['ms', 1000],
  ['s', 1e6],
  ['m', 60e6],
]);

function quantile(text: string, percent: number): number | undefined {
  const found = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)\\s*$`, 'm').exec(text);
  const unit = UNITS_US.get(found?.[2] ?? '');
  return found?.[1] === undefined || unit === undefined ? undefined : Number(found[1]) * unit;
}
