/** How requests go over the slow link: a codec of tp, or HTTP/1.1. */
export type Way = 'none' | 'deflate' | 'zstd' | 'http1';

/** The port of each way. */
export const GOODPUT_PORTS: ReadonlyMap<Way, number> = new Map([
  ['http1', 7001],
  ['none', 7002],
  ['deflate', 7003],
  ['zstd', 7004],
]);

/** So many exchanges both ends go round in: more than a window holds. */
export const GOODPUT_EXCHANGES = 6000;

/** @throws {Error} for another. */
export function parseWay(text: string | undefined): Way {
  for (const way of GOODPUT_PORTS.keys()) if (way === text) return way;
  throw new Error(`there is no way ${text}`);
}
