import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { ConfigError, flawOf } from './config-error.ts';
import type { ReadFile } from './read-file.ts';

/** The way from the root of a configuration to a value. */
export type Path = readonly (string | number)[];

/** A configuration file, and where each of its values stands. */
export interface ConfigFile {
  readonly path: string;
  /** The fields of its root. */
  readonly fields: ReadonlyMap<string, unknown>;
  /** `FILE:LINE: FIELD` for messages. */
  where(path: Path): string;
  /** The line of a value, or of what is nearest where there is no such value. */
  lineOf(path: Path): number;
}

/**
 * Reads a file of YAML or JSON, which is YAML as well.
 *
 * @throws {ConfigError} when it cannot be read, or is no mapping.
 */
export function readConfigFile(path: string, read: ReadFile): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(textOf(path, read), { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number | undefined): number => lines.linePos(offset ?? 0).line;
  const flaw = document.errors[0];
  if (flaw !== undefined) {
    const text = oneLine(flaw.message);
    throw new ConfigError(
      `${path}:${lineAt(flaw.pos[0])}: the text: found ${text}; expected YAML or JSON`,
    );
  }
  const root = document.contents;
  if (!isMap(root)) {
    throw new ConfigError(flawOf(`${path}:1: the file`, document.toJS(), 'a mapping of settings'));
  }
  visit(document, {
    Pair(_, { key }) {
      // What is read becomes objects, whose prototype such a key would set.
      if (!isScalar(key) || key.value !== '__proto__') return;
      const where = `${path}:${lineAt(key.range?.[0])}: __proto__`;
      throw new ConfigError(flawOf(where, '__proto__', 'another name'));
    },
  });
  const fields = new Map<string, unknown>();
  for (const { key, value } of root.items) {
    const name = String(isScalar(key) ? key.value : key);
    fields.set(name, isNode(value) ? value.toJS(document) : value);
  }
  return {
    path,
    fields,
    where: (place) => `${path}:${lineAt(offsetOf(root, place))}: ${fieldName(place)}`,
    lineOf: (place) => lineAt(offsetOf(root, place)),
  };
}

/** A path as people write it: `groups.far.members[1].url`. */
export function fieldName(path: Path): string {
  return path.reduce<string>(
    (name, step) =>
      typeof step === 'number' ? `${name}[${step}]` : name === '' ? step : `${name}.${step}`,
    '',
  );
}

function offsetOf(root: unknown, path: Path): number | undefined {
  let node = root;
  let offset: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === `${step}`);
      if (pair === undefined) return offset;
      offset = isScalar(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step];
      if (!isNode(item)) return offset;
      offset = item.range?.[0];
      node = item;
    } else {
      return offset;
    }
  }
  return offset;
}

function textOf(path: string, read: ReadFile): string {
  try {
    return new TextDecoder().decode(read(path));
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? error.code : error;
    throw new ConfigError(`${path}: cannot be read: ${why}`);
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
