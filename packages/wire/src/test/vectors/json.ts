/** Longest line, as the repository's formatter has it. */
const WIDTH = 100;

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** JSON as the repository's formatter leaves it: what fits a line stands on one. */
export function print(value: object): string {
  const json: Json = JSON.parse(JSON.stringify(value));
  return `${printed(json, 0, 0)}\n`;
}

/**
 * @param indent of the line that the value starts on.
 * @param before columns of that line in front of the value, and a comma behind it.
 */
function printed(value: Json, indent: number, before: number): string {
  const line = inline(value);
  if (typeof value !== 'object' || indent + before + line.length <= WIDTH) return line;
  const inner = indent + 2;
  const pad = ' '.repeat(inner);
  const entries = isList(value) ? value.map((item) => ['', item] as const) : named(value);
  const items = entries.map(([name, item], at) => {
    const comma = at < entries.length - 1 ? 1 : 0;
    return pad + name + printed(item, inner, name.length + comma);
  });
  const [open, close] = isList(value) ? '[]' : '{}';
  return `${open}\n${items.join(',\n')}\n${' '.repeat(indent)}${close}`;
}

function named(value: { readonly [key: string]: Json }): (readonly [name: string, value: Json])[] {
  return Object.entries(value).map(([key, item]) => [`${JSON.stringify(key)}: `, item] as const);
}

function inline(value: Json): string {
  if (isList(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}: ${inline(item)}`,
  );
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
