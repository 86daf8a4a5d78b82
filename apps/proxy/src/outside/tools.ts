import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MAIN } from '../test/proxy-process.ts';

/** What a test needs of the machine, and how it says so where that is missing. */
export interface Needs {
  readonly missing: boolean;
  /** The title with what is missing, if anything is. */
  title(text: string): string;
}

/** Looks for the built proxy and for programs in the search path (and where Debian has nginx). */
export function needs(...programs: string[]): Needs {
  const absent = programs.filter((name) => findProgram(name) === undefined);
  if (!existsSync(MAIN)) absent.push('built proxy');
  return {
    missing: absent.length > 0,
    title: (text) => (absent.length > 0 ? `${text} (skipped: no ${absent.join(', no ')})` : text),
  };
}

/** The path of Chromium, the whole of it or the part without windows; undefined where there is none. */
export function findBrowser(): string | undefined {
  return findProgram('chromium') ?? findProgram('chromium-headless-shell');
}

/** The path of a program; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
