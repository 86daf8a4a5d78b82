import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** The version of a package that is installed; undefined when it is not. */
export function packageVersion(name: string): string | undefined {
  try {
    const path = findPackageJSON(name, import.meta.url);
    if (path === undefined) return undefined;
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof found === 'object' && found !== null && 'version' in found
      ? String(found.version)
      : undefined;
  } catch {
    return undefined;
  }
}
