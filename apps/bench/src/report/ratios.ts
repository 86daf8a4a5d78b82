import type { Ratio, Result } from './report.ts';

/** Which results a side of a ratio is the best of. */
export interface Side {
  readonly system: string;
  /** The case's name; `delayed` takes in the same case with a client delay. */
  readonly case: string;
  readonly delayed?: boolean;
  /** Takes in every other way that the same system was used in the same case. */
  readonly variants?: boolean;
  readonly codec?: Result['codec'];
}

/** How much faster we are than a rival at its best: its time over ours. Nothing when either was not measured. */
export function speedRatio(
  name: string,
  results: readonly Result[],
  ours: Side,
  theirs: Side,
): Ratio[] {
  const [our, their] = [fastest(results, ours), fastest(results, theirs)];
  if (our === undefined || their === undefined) return [];
  return [{ name, value: their / our, higherIsBetter: true }];
}

/** How far we are from a limit: our time over its time. Nothing when either was not measured. */
export function distanceRatio(
  name: string,
  results: readonly Result[],
  ours: Side,
  limit: Side,
): Ratio[] {
  const [our, their] = [fastest(results, ours), fastest(results, limit)];
  if (our === undefined || their === undefined) return [];
  return [{ name, value: our / their, higherIsBetter: false }];
}

/** The bytes on the wire of a case; undefined when it was not measured. */
export function wireBytes(results: readonly Result[], side: Side): number | undefined {
  return matching(results, side)[0]?.wireBytesPerOp;
}

function fastest(results: readonly Result[], side: Side): number | undefined {
  const times = matching(results, side).flatMap((result) => result.nsPerOp ?? []);
  return times.length === 0 ? undefined : Math.min(...times);
}

function matching(results: readonly Result[], side: Side): Result[] {
  return results.filter(
    (result) =>
      result.system === side.system &&
      (side.codec === undefined || result.codec === side.codec) &&
      (result.case === side.case ||
        (side.variants === true && result.case.startsWith(`${side.case}/`)) ||
        (side.delayed === true && result.case.startsWith(`${side.case}/delay-`))),
  );
}
