import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './mutant.ts';

const PACKAGES = fileURLToPath(new URL('../../../../packages/', import.meta.url));
const OURS = fileURLToPath(new URL('../../', import.meta.url));
const NAMES = ['wire', 'transport', 'http'] as const;
const UNCHANGED = 'unchanged';

/** A temporary folder with copies of the simulator and of all that it plays, each changed in one place. */
export class Workshop {
  readonly #root = mkdtempSync(join(tmpdir(), 'tp-simulate-'));
  #made = 0;

  /**
   * Copies what was compiled, so that a build meanwhile changes nothing.
   *
   * @throws {Error} when nothing was compiled.
   */
  constructor() {
    const home = join(this.#root, UNCHANGED);
    const modules = join(home, 'node_modules');
    for (const name of NAMES) {
      const from = join(PACKAGES, name);
      copyCode(from, join(modules, '@tp', name));
      linkDependencies(from, modules);
    }
    copyCode(OURS, home);
  }

  /**
   * Lends the simulator with that change: the file of its thread.
   *
   * @throws {Error} naming the mutant when what it changes does not stand in the file exactly once.
   */
  async lend<T>(mutant: Mutant, use: (worker: URL) => Promise<T>): Promise<T> {
    const folder = join(this.#root, `mutant-${++this.#made}`);
    cpSync(join(this.#root, UNCHANGED), folder, { recursive: true });
    try {
      const file = join(folder, 'node_modules', '@tp', mutant.file);
      writeFileSync(file, changed(mutant, existsSync(file) ? readFileSync(file, 'utf8') : ''));
      return await use(pathToFileURL(join(folder, 'dist', 'worker.js')));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Removes the folder. */
  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** The code of a file with the mutant's change. */
export function changed({ name, file, find, replace }: Mutant, code: string): string {
  const [before, after, ...more] = code.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    const count = more.length + (after === undefined ? 0 : 1);
    throw new Error(
      `the mutant "${name}" cannot be made: ${JSON.stringify(find)} stands ${count} times in ${file}`,
    );
  }
  return `${before}${replace}${after}`;
}

/** A package's compiled code and its manifest. */
function copyCode(from: string, to: string): void {
  const dist = join(from, 'dist');
  if (!existsSync(dist)) throw new Error(`${from} is not compiled`);
  const isCode = (path: string) => extname(path) === '' || path.endsWith('.js');
  cpSync(dist, join(to, 'dist'), { recursive: true, filter: isCode });
  cpSync(join(from, 'package.json'), join(to, 'package.json'));
}

/** Links the libraries that a package asks for, but ours. */
function linkDependencies(folder: string, modules: string): void {
  const file = join(folder, 'package.json');
  const { dependencies = {} }: { dependencies?: Record<string, string> } = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  for (const name of Object.keys(dependencies)) {
    if (name.startsWith('@tp/')) continue;
    const places = createRequire(file).resolve.paths(name) ?? [];
    const place = places.find((one) => existsSync(join(one, name)));
    if (place === undefined) throw new Error(`${name} is not installed`);
    symlinkSync(join(place, name), join(modules, name), 'dir');
  }
}
