/** 2026-03-02T08:00:00Z, in ms: when the generated traffic starts. */
const START_MS = 1_772_438_400_000;
const MS_BETWEEN_EXCHANGES = 2.5;

/** The moment of the `index`-th exchange: about 400 a second, in order. */
export function momentOf(index: number): Date {
  return new Date(START_MS + index * MS_BETWEEN_EXCHANGES);
}
