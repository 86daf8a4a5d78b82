import type { Mutant } from './mutant.ts';

/** Servers that handle secrets and blobs wrongly (section 6). */
export const secretMutants: readonly Mutant[] = [
  {
    name: 'packs secrets',
    rule: 'W-060',
    role: 'server',
    file: 'wire/dist/send-table.js',
    find: 'newInfo(name, this.#isSecret(name))',
    replace: 'newInfo(name, false)',
  },
  {
    name: 'takes blobs from the end',
    rule: 'W-064',
    role: 'server',
    file: 'wire/dist/batch-decoder.js',
    find: 'this.#blobs[this.#blobAt++]',
    replace: 'this.#blobs[this.#blobs.length - ++this.#blobAt]',
  },
  {
    name: 'takes blobs in packed',
    rule: 'W-064',
    role: 'server',
    file: 'wire/dist/batch-decoder.js',
    find: 'if (!isPlain)',
    replace: 'if (false)',
  },
  {
    name: 'takes blobs that are left over',
    rule: 'W-064',
    role: 'server',
    file: 'wire/dist/batch-decoder.js',
    find: 'if (this.#blobAt < this.#blobs.length)',
    replace: 'if (false)',
  },
];
