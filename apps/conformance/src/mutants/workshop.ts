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
import { fileURLToPath } from 'node:url';
import type { Peer } from '../self/peers.ts';
import type { Mutant } from './mutant.ts';

const PACKAGES = fileURLToPath(new URL('../../../../packages/', import.meta.url));
const KIT = fileURLToPath(new URL('../../', import.meta.url));
/** What our peers are made of, in the order in which one needs the other. */
const NAMES = ['wire', 'transport'] as const;
const UNCHANGED = 'unchanged';

/** A temporary folder with copies of our compiled peers, each of which may be changed in one place. */
export class Workshop {
  readonly #root = mkdtempSync(join(tmpdir(), 'tp-mutants-'));
  #made = 0;

  /**
   * Copies what was compiled, so that a build meanwhile changes nothing.
   *
   * @throws {Error} when nothing was compiled.
   */
  constructor() {
    const home = join(this.#root, UNCHANGED);
    for (const name of NAMES) {
      const from = join(PACKAGES, name);
      if (!existsSync(join(from, 'dist'))) throw new Error(`${from} is not compiled`);
      const to = join(home, 'node_modules', '@tp', name);
      copyCode(join(from, 'dist'), join(to, 'dist'));
      cpSync(join(from, 'package.json'), join(to, 'package.json'));
      linkDependencies(from, join(home, 'node_modules'));
    }
    copyCode(join(KIT, 'dist', 'own'), join(home, 'dist', 'own'));
    for (const role of ['server', 'client']) {
      cpSync(join(KIT, 'dist', `own-${role}.js`), join(home, 'dist', `own-${role}.js`));
    }
    cpSync(join(KIT, 'package.json'), join(home, 'package.json'));
  }

  /** Our peer as it is. */
  unchanged(role: Peer['role']): Peer {
    return peerIn(join(this.#root, UNCHANGED), role);
  }

  /**
   * Lends our peer with that change.
   *
   * @throws {Error} naming the mutant when what it changes does not stand in the file exactly once.
   */
  async lend<T>(mutant: Mutant, use: (peer: Peer) => Promise<T>): Promise<T> {
    const folder = join(this.#root, `mutant-${++this.#made}`);
    cpSync(join(this.#root, UNCHANGED), folder, { recursive: true });
    try {
      const file = join(folder, 'node_modules', '@tp', mutant.file);
      writeFileSync(file, changed(mutant, existsSync(file) ? readFileSync(file, 'utf8') : ''));
      return await use(peerIn(folder, mutant.role));
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
    const count = code === '' ? 0 : more.length + (after === undefined ? 0 : 1);
    throw new Error(
      `the mutant "${name}" cannot be made: ${find} stands ${count} times in ${file}`,
    );
  }
  return `${before}${replace}${after}`;
}

function peerIn(folder: string, role: Peer['role']): Peer {
  const file = join(folder, 'dist', `own-${role}.js`);
  return { role, name: role, command: process.execPath, args: [file], file };
}

function copyCode(from: string, to: string): void {
  const isCode = (path: string) => extname(path) === '' || path.endsWith('.js');
  cpSync(from, to, { recursive: true, filter: isCode });
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
