export { type Bar, type BarChart, renderBars, scaleFor, type Tone } from './bars.ts';
export { escapeHtml } from './escape-html.ts';
export { short, tickText } from './numbers.ts';
export {
  renderPage,
  renderTable,
  type Section,
  type Tile,
} from './page.ts';
