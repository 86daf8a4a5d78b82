import { onTestFinished } from 'vitest';
import { freePorts } from '../test/free-ports.ts';
import { type AtEnd, type ProxyProcess, startProxyProcess } from '../test/proxy-process.ts';

/** Two proxies as processes, with a link between them. */
export interface Pair {
  /** Where to send HTTP requests. */
  readonly address: string;
  readonly near: ProxyProcess;
  readonly far: ProxyProcess;
}

/** Flags of one proxy of a pair beside `--in` and `--out`. */
export interface PairFlags {
  readonly near?: readonly string[];
  readonly far?: readonly string[];
}

/** Starts a pair in front of an origin. */
export async function startPair(
  origin: string,
  flags: PairFlags = {},
  atEnd: AtEnd = onTestFinished,
): Promise<Pair> {
  const far = await startFar(await restartableAddress(), origin, flags.far, atEnd);
  const near = await startProxyProcess(
    ['--in', 'http://127.0.0.1:0', '--out', far.address, '--admin', '127.0.0.1:0'].concat(
      flags.near ?? [],
    ),
    atEnd,
  );
  return { address: near.address, near, far };
}

/** Where a proxy can be started anew, as nobody gets its port by chance while it is gone. */
export async function restartableAddress(): Promise<string> {
  const [port] = await freePorts(1);
  return `teleport://127.0.0.1:${port}`;
}

/** Starts the proxy of a pair that is next to the origin. */
export function startFar(
  address: string,
  origin: string,
  flags: readonly string[] = [],
  atEnd: AtEnd = onTestFinished,
): Promise<ProxyProcess> {
  return startProxyProcess(
    ['--in', address, '--out', origin, '--admin', '127.0.0.1:0', ...flags],
    atEnd,
  );
}

/** The JSON that a proxy serves of itself. */
export async function statsOf(proxy: ProxyProcess): Promise<ProxyStats> {
  return JSON.parse(await page(proxy, '/stats.json'));
}

/** A page of a proxy's admin address. */
export async function page(proxy: ProxyProcess, path: string): Promise<string> {
  return (await fetch(`${proxy.listening.admin}${path}`)).text();
}

/** What the tests read of it. */
export interface ProxyStats {
  readonly requests: { readonly byOutcome: Readonly<Record<string, number>> };
  readonly limitHits: Readonly<Record<string, number>>;
  readonly links: readonly { readonly state: string }[];
}
