const NONE = '–';

/** @param {number | null | undefined} value in bytes, as powers of 1000. */
export function bytes(value) {
  return scaled(value, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** @param {number | null | undefined} value in bytes a second. */
export function bytesPerSecond(value) {
  return known(value) ? `${bytes(value)}/s` : NONE;
}

/** A size in memory or of a window, as powers of 1024. @param {number} value in bytes. */
export function binaryBytes(value) {
  if (value === 0) return '0';
  const step = Math.min(3, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${Number((value / 1024 ** step).toPrecision(3))} ${['B', 'KiB', 'MiB', 'GiB'][step]}`;
}

/** @param {number | null | undefined} value */
export function count(value) {
  return known(value) ? Math.round(value).toLocaleString('en') : NONE;
}

/** @param {number | null | undefined} value */
export function perSecond(value) {
  return known(value) ? `${value < 10 ? digits(value) : count(value)}/s` : NONE;
}

/** @param {number | null | undefined} value in ms. */
export function milliseconds(value) {
  if (!known(value)) return NONE;
  if (value >= 1000) return `${digits(value / 1000)} s`;
  return value > 0 && value < 0.1 ? `${digits(value * 1000)} µs` : `${digits(value)} ms`;
}

/** @param {number} value in seconds. */
export function duration(value) {
  const whole = Math.floor(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86_400) return two(Math.floor(whole / 3600), 'h', Math.floor(whole / 60) % 60, 'min');
  return two(Math.floor(whole / 86_400), 'd', Math.floor(whole / 3600) % 24, 'h');
}

/** CPU time. @param {number} value in seconds. */
export function cpuTime(value) {
  return value < 60 ? `${digits(value)} s` : duration(value);
}

/** @param {number | null | undefined} value a share of 1. */
export function percent(value) {
  return known(value) ? `${digits(value * 100)} %` : NONE;
}

/** How many times. @param {number | null | undefined} value */
export function times(value) {
  return known(value) ? `${digits(value)}×` : NONE;
}

/** @param {number | null | undefined} value in dollars. */
export function money(value) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  const shown = size === 0 || size >= 0.01 ? size.toFixed(2) : size.toPrecision(2);
  return `${value < 0 ? '−' : ''}$${size >= 1000 ? count(size) : shown}`;
}

/** @param {number | null | undefined} value @returns {value is number} */
function known(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

/** @param {number | null | undefined} value @param {string[]} names */
function scaled(value, names) {
  if (!known(value)) return NONE;
  const size = Math.abs(value);
  let step = size < 1 ? 0 : Math.floor(Math.log10(size) / 3);
  step = Math.min(names.length - 1, step);
  const number = step === 0 ? `${Math.round(size)}` : digits(size / 1000 ** step);
  return `${value < 0 ? '−' : ''}${number} ${names[step]}`;
}

/** @param {number} large @param {string} unit @param {number} small @param {string} ofSmall */
function two(large, unit, small, ofSmall) {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${ofSmall}`;
}

/** Three digits. @param {number} value */
function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 100) return Math.round(value).toLocaleString('en');
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}
