import { type BarChart, renderBars, type Section } from '@tp/savings/html';

/** A chart as HTML; nothing when it has no bars. */
export function chart(made: BarChart): string[] {
  return made.bars.length === 0 ? [] : [renderBars(made)];
}

/** A section; nothing when it has no charts. */
export function section(title: string, about: string, charts: readonly string[]): Section[] {
  return charts.length === 0 ? [] : [{ title, about, charts }];
}
