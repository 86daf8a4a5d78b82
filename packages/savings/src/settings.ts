import { type Codec, deflate, zstd } from '@tp/transport';

/** How a link packs. */
export interface Setting {
  readonly codec: 'none' | 'deflate' | 'zstd';
  /** Left out for `none`. */
  readonly level?: number;
}

/** What is tried: each codec at its default level, one below where that is not the least, and above while it may pay. */
export const SETTINGS: readonly Setting[] = [
  { codec: 'none' },
  { codec: 'deflate', level: 1 },
  { codec: 'deflate', level: 6 },
  { codec: 'zstd', level: 1 },
  { codec: 'zstd', level: 3 },
  { codec: 'zstd', level: 9 },
];

/** What a link has where nobody says anything. */
export const DEFAULT_SETTING: Setting = { codec: 'zstd', level: 1 };

/** Calls that are handed over together: an idle link has one at a time, one under load makes batches. */
export const BATCHES = [1, 8, 64] as const;

/** The option `codecs` of client and server. */
export function codecsOf({ codec, level }: Setting): readonly ('none' | Codec)[] {
  if (codec === 'none' || level === undefined) return ['none'];
  return [codec === 'zstd' ? zstd.with({ level }) : deflate.with({ level })];
}

/** As people name it: `zstd 1`. */
export function settingText({ codec, level }: Setting): string {
  return level === undefined ? codec : `${codec} ${level}`;
}

/** Whether two are set alike. */
export function sameSetting(one: Setting, other: Setting): boolean {
  return one.codec === other.codec && one.level === other.level;
}
