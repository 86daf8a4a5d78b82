import type { CodecName } from '../codes.ts';
import type { Offer } from '../craft/hello.ts';

/** The bounds of `window_log`, and what an offer without it means (W-071). */
export const WINDOW_LOGS: Record<
  CodecName,
  { readonly least: number; readonly usual: number; readonly most: number }
> = {
  DEFLATE: { least: 9, usual: 15, most: 15 },
  ZSTD: { least: 10, usual: 20, most: 22 },
};

/** The offer with its window filled in; nothing when it is out of bounds. */
export function validOffer({ codec, windowLog }: Offer): Offer[] {
  const { least, usual, most } = WINDOW_LOGS[codec];
  const log = windowLog === 0 ? usual : windowLog;
  return log < least || log > most ? [] : [{ codec, windowLog: log }];
}
