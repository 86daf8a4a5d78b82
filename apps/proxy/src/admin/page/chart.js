/** @import { Sample } from './history.js' */
import { duration } from './units.js';

/** @typedef {Exclude<keyof Sample, 'at'>} Key */

/**
 * @typedef {object} Series
 * @property {Key} key what it shows of a sample.
 * @property {string} label
 * @property {string} color a class.
 * @property {boolean} [filled] whether the area below is.
 */

/**
 * @typedef {object} ChartOptions
 * @property {Series[]} series
 * @property {(value: number | null | undefined) => string} format
 * @property {number} least what the axis reaches at least, in the unit of the values.
 * @property {number} [mark] where a dashed line lies.
 * @property {number} [base] powers of which make round numbers; default 10.
 */

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 170;
const LEFT = 62;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 20;
/** A chart shows at least so much, so that the first lines have room to grow into. */
const LEAST_SPAN_MS = 60_000;

/** Lines over time in a card, their latest values above them, or those under the pointer. */
export class Chart {
  #options;
  #plot = svg('svg', 'plot');
  #legend = document.createElement('p');
  #when = document.createElement('span');
  /** @type {Map<Key, HTMLElement>} */
  #values = new Map();
  /** @type {Sample[]} */
  #samples = [];
  /** @type {number | undefined} */
  #pointerX;

  /** @param {Element} card with a heading and a note @param {ChartOptions} options */
  constructor(card, options) {
    this.#options = options;
    this.#legend.className = 'legend';
    this.#when.className = 'when';
    for (const { key, label, color } of options.series) {
      const item = document.createElement('span');
      const swatch = document.createElement('i');
      const value = document.createElement('b');
      swatch.className = color;
      item.append(swatch, label, value);
      this.#values.set(key, value);
      this.#legend.append(item);
    }
    this.#legend.append(this.#when);
    this.#plot.setAttribute('role', 'img');
    this.#plot.setAttribute('aria-label', card.querySelector('h2')?.textContent ?? '');
    card.querySelector('h2')?.after(this.#legend, this.#plot);
    this.#plot.addEventListener('pointermove', (event) => this.#point(event.offsetX));
    this.#plot.addEventListener('pointerleave', () => this.#point(undefined));
    new ResizeObserver(() => this.draw(this.#samples)).observe(this.#plot);
  }

  /** @param {Sample[]} samples the oldest first. */
  draw(samples) {
    this.#samples = samples;
    const last = samples.at(-1);
    const width = this.#plot.clientWidth;
    if (last === undefined || width === 0) return;
    const { series, format, least, mark } = this.#options;
    const top = roundUp(Math.max(least, ...this.#all()), this.#options.base ?? 10);
    const x = this.#scale(width, last.at);
    const bottom = HEIGHT - BOTTOM;
    /** @param {number} value */
    const y = (value) => bottom - (value / top) * (bottom - TOP);

    const parts = [];
    for (const step of [0, 0.5, 1]) {
      parts.push(line('grid', LEFT, width - RIGHT, y(top * step)));
      parts.push(text(LEFT - 8, y(top * step) + 4, 'end', format(top * step)));
    }
    const span = this.#span();
    const lastTick = width < 380 ? 1 : 2;
    for (let tick = 0; tick <= lastTick; tick++) {
      const ago = (span * (lastTick - tick)) / lastTick;
      const at = LEFT + ((width - RIGHT - LEFT) * tick) / lastTick;
      const anchor = tick === 0 ? 'start' : tick === lastTick ? 'end' : 'middle';
      parts.push(text(at, HEIGHT - 4, anchor, ago === 0 ? 'now' : `${duration(ago / 1000)} ago`));
    }
    if (mark !== undefined) parts.push(line('mark', LEFT, width - RIGHT, y(mark)));
    for (const { key, color, filled } of series) {
      for (const run of runs(samples, key)) {
        const points = run.map((point) => `${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`);
        const path = points.length === 1 ? `M${points[0]}h0.1` : `M${points.join('L')}`;
        if (filled === true && points.length > 1) {
          const ends = `V${bottom}H${x(run[0]?.at ?? 0).toFixed(1)}Z`;
          parts.push(svg('path', `area ${color}`, { d: `${path}${ends}` }));
        }
        parts.push(svg('path', `line ${color}`, { d: path }));
      }
    }
    const shown = this.#nearest(x) ?? last;
    if (shown !== last) {
      const at = `${x(shown.at)}`;
      parts.push(svg('line', 'cursor', { x1: at, x2: at, y1: `${TOP}`, y2: `${bottom}` }));
    }
    this.#plot.replaceChildren(...parts);
    for (const [key, value] of this.#values) value.textContent = format(shown[key]);
    this.#when.textContent = shown === last ? '' : `${duration((last.at - shown.at) / 1000)} ago`;
  }

  /** @param {number | undefined} x */
  #point(x) {
    this.#pointerX = x;
    this.draw(this.#samples);
  }

  #all() {
    const { series } = this.#options;
    return this.#samples.flatMap((sample) => series.map(({ key }) => sample[key] ?? 0));
  }

  #span() {
    const first = this.#samples[0]?.at ?? 0;
    return Math.max(LEAST_SPAN_MS, (this.#samples.at(-1)?.at ?? 0) - first);
  }

  /** @param {number} width @param {number} now */
  #scale(width, now) {
    const span = this.#span();
    const room = width - LEFT - RIGHT;
    return (/** @type {number} */ at) => LEFT + room - ((now - at) / span) * room;
  }

  /** @param {(at: number) => number} x */
  #nearest(x) {
    const pointer = this.#pointerX;
    if (pointer === undefined) return undefined;
    return this.#samples.reduce((best, sample) =>
      Math.abs(x(sample.at) - pointer) < Math.abs(x(best.at) - pointer) ? sample : best,
    );
  }
}

/** Stretches without a gap. @param {Sample[]} samples @param {Key} key */
function runs(samples, key) {
  /** @type {{ at: number, value: number }[][]} */
  const found = [];
  let isOpen = false;
  for (const sample of samples) {
    const value = sample[key];
    if (value === null) isOpen = false;
    else if (isOpen) found.at(-1)?.push({ at: sample.at, value });
    else {
      found.push([{ at: sample.at, value }]);
      isOpen = true;
    }
  }
  return found;
}

/** The next of 1, 2, 4, 6, 8 times a power. @param {number} value @param {number} base */
function roundUp(value, base) {
  const power = base ** Math.floor(Math.log(value) / Math.log(base));
  for (let step = 1; step < base; step = step < 2 ? 2 : step < 8 ? step + 2 : step * 2) {
    if (value <= step * power * 1.0001) return step * power;
  }
  return base * power;
}

/** @param {string} name @param {string} className @param {Record<string, string>} attributes */
function svg(name, className, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  if (className !== '') element.setAttribute('class', className);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** @param {string} className @param {number} from @param {number} to @param {number} at */
function line(className, from, to, at) {
  const y = `${Math.round(at) + 0.5}`;
  return svg('line', className, { x1: `${from}`, x2: `${to}`, y1: y, y2: y });
}

/** @param {number} x @param {number} y @param {string} anchor @param {string} content */
function text(x, y, anchor, content) {
  const element = svg('text', '', { x: `${x}`, y: `${y}`, 'text-anchor': anchor });
  element.textContent = content;
  return element;
}
