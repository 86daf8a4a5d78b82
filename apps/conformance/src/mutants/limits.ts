import type { Mutant } from './mutant.ts';

/** Servers that ignore a limit of the kit's hello (section 3). */
export const limitMutants: readonly Mutant[] = [
  {
    name: 'ignores tableBytes of the hello',
    rule: 'W-051',
    role: 'server',
    file: 'wire/dist/hello.js',
    find: 'if (value !== 0)',
    replace: "if (value !== 0 && name !== 'tableBytes')",
  },
  {
    name: 'ignores streamWindow of the hello',
    rule: 'W-042',
    role: 'server',
    file: 'wire/dist/hello.js',
    find: 'if (value !== 0)',
    replace: "if (value !== 0 && name !== 'streamWindow')",
    beside: ['W-048'],
  },
  {
    name: 'ignores linkWindow of the hello',
    rule: 'W-042',
    role: 'server',
    file: 'wire/dist/hello.js',
    find: 'if (value !== 0)',
    replace: "if (value !== 0 && name !== 'linkWindow')",
    beside: ['W-022'],
  },
  {
    name: 'ignores headBytes of the hello',
    rule: 'W-063',
    role: 'server',
    file: 'wire/dist/hello.js',
    find: 'if (value !== 0)',
    replace: "if (value !== 0 && name !== 'headBytes')",
  },
  {
    name: 'ignores fields of the hello',
    rule: 'W-063',
    role: 'server',
    file: 'wire/dist/hello.js',
    find: 'if (value !== 0)',
    replace: "if (value !== 0 && name !== 'fields')",
  },
];
