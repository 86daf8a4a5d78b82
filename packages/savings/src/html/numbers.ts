/** A number with about three digits: `1,234`, `12.3`, `1.23`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return Math.round(value).toLocaleString('en-US');
  if (size === 0) return '0';
  return size >= 9.995
    ? value.toFixed(1)
    : size >= 0.0995
      ? value.toFixed(2)
      : value.toPrecision(2);
}

/** A number on an axis: `0`, `0.5`, `20`, `1,000`, `2 M`. */
export function tickText(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  return Number(value.toPrecision(6)).toLocaleString('en-US', { maximumFractionDigits: 6 });
}
