import { moneyText } from './money.ts';
import type { DelayTrial, Savings, Trial } from './savings.ts';
import { DEFAULT_SETTING, type Setting, settingText } from './settings.ts';

/** What to do, from what was measured. */
export interface Advice extends Setting {
  /** The delay to set, in ms; 0 leaves batches to themselves. */
  readonly delayMs: number;
  /** In a sentence or two. */
  readonly text: string;
}

/** Another setting than the default has to be so much better: figures of CPU are not that sure. */
const WORTH_A_SETTING = 0.05;
/** A delay has to save so much of the bytes that are left. */
const WORTH_A_DELAY = 0.05;
const SMALLEST_SAVING = 0.05;

/** The setting that leaves most money when both bytes and CPU are paid: the default where others gain little. */
export function bestSetting(singles: readonly Trial[]): Trial | undefined {
  const best = singles.toSorted((a, b) => netOf(b) - netOf(a))[0];
  const usual = singles.find(
    ({ codec, level }) => codec === DEFAULT_SETTING.codec && level === DEFAULT_SETTING.level,
  );
  if (best === undefined || usual === undefined) return best;
  const gain = netOf(best) - netOf(usual);
  return gain > Math.abs(netOf(usual)) * WORTH_A_SETTING ? best : usual;
}

/** What is left of what bytes save when the CPU is paid. */
export function netOf({ savedPerMonth, cpuPerMonth }: Trial): number {
  return savedPerMonth - cpuPerMonth;
}

/** Says what to do. */
export function advise(
  chosen: Trial,
  delays: readonly DelayTrial[],
  { http1, requests }: Pick<Savings, 'http1' | 'requests'>,
): Advice {
  const { codec, level } = chosen;
  const setting = { codec, ...(level === undefined ? {} : { level }) };
  const saved = 1 - chosen.bytes / http1.bytes;
  if (saved < SMALLEST_SAVING) {
    return {
      ...setting,
      delayMs: 0,
      text:
        `A link would save ${percent(Math.max(0, saved))} of the bytes: for bytes alone it is not worth adopting here. ` +
        'Bodies that are compressed already do not shrink further.',
    };
  }
  const delay = delays.find(({ delayMs, bytes }) => {
    const rest = delays.find((other) => other.delayMs === 0)?.bytes ?? chosen.bytes;
    return delayMs > 0 && bytes < rest * (1 - WORTH_A_DELAY);
  });
  return {
    ...setting,
    delayMs: 0,
    text: [
      `Use ${settingText(chosen)}${isDefault(chosen) ? ', the default,' : ''} and no batch delay: ` +
        `${percent(saved)} fewer bytes, ${moneyText(chosen.savedPerMonth)} a month less for traffic ` +
        `and ${moneyText(chosen.cpuPerMonth)} for CPU.`,
      ...(delay === undefined
        ? ['At this rate a delay would save little more.']
        : [
            `A batch delay of ${delay.delayMs} ms would save ${percent(1 - delay.bytes / chosen.bytes)} of what is left ` +
              `(${moneyText(delay.savedPerMonth - chosen.savedPerMonth)} a month), for up to ${delay.delayMs} ms more latency each way.`,
          ]),
      ...(requests < 1000
        ? [
            `These are only ${requests} requests over a new link: one that has been in use for a while saves more.`,
          ]
        : []),
    ].join(' '),
  };
}

function isDefault({ codec, level }: Trial): boolean {
  return codec === DEFAULT_SETTING.codec && level === DEFAULT_SETTING.level;
}

/** A share as people read it: `83 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
