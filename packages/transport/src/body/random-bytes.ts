/** Bytes that are looked at: eight runs, spread over the body, so that no stride hides a pattern. */
const SAMPLE = 512;
const RUNS = 8;
const RUN = SAMPLE / RUNS;
/** First, so many single bytes; text is found out by these alone. */
const GLANCES = 32;
/**
 * Of random bytes half have the highest bit set: of 32, fewer than 6 once in 10,000. Text, JSON,
 * base64 and most of protobuf have hardly any.
 */
const LEAST_HIGH = 6;
/**
 * The sum of the squares of how often each value stands in the sample. Random bytes give 1,534 with
 * a standard deviation of 45; 128 values in equal shares (seven bits a byte) give 2,560.
 */
const MOST_SQUARES = 2_000;

const counts = new Uint16Array(256);

/**
 * Whether bytes look random, as what is compressed or encrypted does: such a body would cost a
 * compressor time, gain nothing and push useful text out of its window (W-076). A sample decides.
 * It sees how often values stand, not that a long run of them repeats.
 */
export function looksRandom(bytes: Uint8Array): boolean {
  const length = bytes.length;
  if (length < SAMPLE) return false;
  const stride = (length / GLANCES) | 0;
  let high = 0;
  for (let i = 0, at = 0; i < GLANCES; i++, at += stride) high += (bytes[at] ?? 0) >>> 7;
  return high >= LEAST_HIGH && squaresOf(bytes) <= MOST_SQUARES;
}

function squaresOf(bytes: Uint8Array): number {
  const gap = (bytes.length / RUNS) | 0;
  let squares = 0;
  counts.fill(0);
  for (let run = 0; run < RUNS; run++) {
    const end = run * gap + RUN;
    for (let at = end - RUN; at < end; at++) {
      const value = bytes[at] ?? 0;
      const before = counts[value] ?? 0;
      counts[value] = before + 1;
      squares += 2 * before + 1;
    }
    if (squares > MOST_SQUARES) break;
  }
  return squares;
}
