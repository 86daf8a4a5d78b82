import type { Mutant } from './mutant.ts';

/** Servers that keep windows wrongly (section 9). */
export const compressionMutants: readonly Mutant[] = [
  {
    name: 'takes a window larger than it offered',
    rule: 'W-071',
    role: 'server',
    file: 'transport/dist/windows.js',
    find: 'codec === undefined || windowLog > codec.windowLog',
    replace: 'codec === undefined',
  },
  {
    name: 'takes windows below the smallest',
    rule: 'W-071',
    role: 'server',
    file: 'wire/dist/hello.js',
    find: 'windowLog >= least && windowLog <= most',
    replace: 'windowLog <= most',
  },
  {
    name: 'packs with a larger window than was offered',
    rule: 'W-071',
    role: 'server',
    file: 'transport/dist/opening.js',
    find: 'Math.min(codec.windowLog, offer.windowLog)',
    replace: 'codec.windowLog',
    beside: ['W-070'],
  },
  {
    name: 'goes on with the old window when a new one starts',
    rule: 'W-070',
    role: 'server',
    file: 'transport/dist/windows.js',
    find: 'if (window !== undefined)',
    replace: 'if (window !== undefined && this.#unpackers[windowId] === undefined)',
  },
  {
    name: 'drops a window that starts without packed',
    rule: 'W-077',
    role: 'server',
    file: 'transport/dist/windows.js',
    find: 'if (window !== undefined)',
    replace: 'if (window !== undefined && packed !== undefined)',
  },
  {
    name: 'takes any number of windows',
    rule: 'W-075',
    role: 'server',
    file: 'wire/dist/envelope-decoder.js',
    find: 'if (windowId <= most)',
    replace: 'if (true)',
  },
  {
    name: 'packs all windows into one',
    rule: 'W-075',
    role: 'server',
    file: 'wire/dist/envelope-decoder.js',
    find: 'crc, window, windowId }',
    replace: 'crc, window, windowId: 0 }',
  },
];
