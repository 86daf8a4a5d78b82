import { escapeHtml } from './escape-html.ts';

/** What a bar stands for, which gives its colour: ours, ours set otherwise, somebody else's, what all start from, or what nobody can pass. */
export type Tone = 'ours' | 'ours-soft' | 'rival' | 'base' | 'limit';

/** One bar. */
export interface Bar {
  readonly label: string;
  /** Smaller, beneath the label. */
  readonly detail?: string;
  readonly value: number;
  /** The value as text, with its unit. */
  readonly text: string;
  /** Smaller, beneath the value: such as a ratio. */
  readonly note?: string;
  readonly tone: Tone;
  /** A darker part of the bar, from its beginning: a value no larger than the bar's. */
  readonly part?: number;
  /** A heading above this bar. */
  readonly heading?: string;
}

/** Bars on one scale. */
export interface BarChart {
  readonly title: string;
  /** What is shown, and which way is better. */
  readonly caption: string;
  readonly bars: readonly Bar[];
  /** A value on the axis as text. */
  readonly tick: (value: number) => string;
}

/** From here on a linear scale would make the short bars disappear. */
const LOG_FROM = 40;
/** More numbers would run into each other under the bars of a narrow chart. */
const MOST_STEPS = 3;

/** A chart as HTML: bars are boxes and labels are text, so that it is readable at any width and can be copied. */
export function renderBars({ title, caption, bars, tick }: BarChart): string {
  const scale = scaleFor(bars.flatMap(({ value, part }) => [value, ...(part ? [part] : [])]));
  const lines = scale.ticks.map((at) => `<i style="--at:${ratio(scale.at(at))}"></i>`).join('');
  const axis = scale.ticks
    .map((at) => `<span style="--at:${ratio(scale.at(at))}">${escapeHtml(tick(at))}</span>`)
    .join('');
  const sense = scale.isLog ? `${caption} Logarithmic scale.` : caption;
  return (
    `<figure class="chart"><figcaption><h3>${escapeHtml(title)}</h3><p>${escapeHtml(sense)}</p></figcaption>` +
    `<div class="plot">${bars.map((bar) => renderBar(bar, scale, lines)).join('')}` +
    `<div class="axis" aria-hidden="true">${axis}</div></div></figure>`
  );
}

function renderBar(bar: Bar, scale: Scale, lines: string): string {
  const { label, detail, value, text, note, tone, part, heading } = bar;
  const width = scale.at(value);
  const inner =
    part === undefined || width === 0
      ? ''
      : `<u style="--part:${ratio(scale.at(part) / width)}"></u>`;
  return (
    (heading === undefined ? '' : `<div class="part">${escapeHtml(heading)}</div>`) +
    `<div class="row ${tone}"><div class="label">${escapeHtml(label)}${small(detail)}</div>` +
    `<div class="track">${lines}<div class="bar" style="--w:${ratio(width)}">${inner}</div>` +
    `<div class="value">${escapeHtml(text)}${small(note)}</div></div></div>`
  );
}

function small(text: string | undefined): string {
  return text === undefined || text === '' ? '' : ` <small>${escapeHtml(text)}</small>`;
}

interface Scale {
  readonly isLog: boolean;
  readonly ticks: readonly number[];
  /** Where a value stands, from 0 to 1. */
  at(value: number): number;
}

/** Linear from 0, or logarithmic where values lie far apart. */
export function scaleFor(values: readonly number[]): Scale {
  const most = Math.max(...values, 0) || 1;
  const least = Math.min(...values.filter((value) => value > 0), most);
  return most / least > LOG_FROM ? logScale(least, most) : linearScale(most);
}

function linearScale(most: number): Scale {
  const size = 10 ** Math.floor(Math.log10(most));
  const steps = [0.2, 0.5, 1, 2, 5].map((part) => part * size);
  const step = steps.find((part) => most / part <= MOST_STEPS) ?? size;
  const ticks = Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => i * step);
  return { isLog: false, ticks, at: (value) => Math.max(0, value) / most };
}

function logScale(least: number, most: number): Scale {
  const first = Math.floor(Math.log10(least / 1.5));
  const span = Math.log10(most) - first;
  const ticks = Array.from({ length: Math.floor(span + 1e-9) + 1 }, (_, i) => 10 ** (first + i));
  const at = (value: number) => (value > 0 ? Math.max(0, (Math.log10(value) - first) / span) : 0);
  return { isLog: true, ticks, at };
}

function ratio(value: number): string {
  return String(Number(value.toFixed(4)));
}
