import { readFileSync } from 'node:fs';
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ConfigError, configError } from './config-error.ts';

/** The fields of a configuration file, and where each stands. */
export interface ConfigFile {
  readonly fields: ReadonlyMap<string, unknown>;
  /** `FILE:LINE: FIELD` for messages; the line of an entry, where its index is given. */
  where(field: string, entry?: number): string;
}

/**
 * Reads a file of YAML or JSON, which is YAML as well.
 *
 * @throws {ConfigError} when it cannot be read, or is no mapping.
 */
export function readConfigFile(path: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false });
  const flaw = document.errors[0];
  if (flaw !== undefined) {
    throw new ConfigError(`${path}:${lines.linePos(flaw.pos[0]).line}: ${oneLine(flaw.message)}`);
  }
  const root = document.contents;
  if (!isMap(root)) throw configError(path, document.toJS(), 'a mapping of settings');
  const fields = new Map<string, unknown>();
  const lineOf = new Map<string, number>();
  const lineAt = (node: unknown): number =>
    lines.linePos(isNode(node) ? (node.range?.[0] ?? 0) : 0).line;
  for (const { key, value } of root.items) {
    const name = String(isScalar(key) ? key.value : key);
    lineOf.set(name, lineAt(key));
    fields.set(name, isNode(value) ? value.toJS(document) : value);
    if (isSeq(value)) {
      for (const [index, item] of value.items.entries()) {
        lineOf.set(`${name} ${index}`, lineAt(item));
      }
    }
  }
  return {
    fields,
    where: (field, entry) =>
      `${path}:${lineOf.get(`${field} ${entry}`) ?? lineOf.get(field) ?? 1}: ${field}`,
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? error.code : error;
    throw new ConfigError(`--config: cannot read ${path}: ${why}`);
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
