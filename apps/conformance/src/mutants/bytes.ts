import type { Mutant } from './mutant.ts';

/** Servers that read bytes wrongly (section 2). */
export const byteMutants: readonly Mutant[] = [
  {
    name: 'takes integers above 2^32',
    rule: 'W-001',
    role: 'server',
    file: 'wire/dist/reader.js',
    find: 'if (byte > 0x0f)',
    replace: 'if (false)',
  },
  {
    name: 'takes 2 for false',
    rule: 'W-001',
    role: 'server',
    file: 'wire/dist/batch-decoder.js',
    find: 'this.#more = reader.varint() !== 0',
    replace: 'this.#more = reader.varint() === 1',
  },
  {
    name: 'refuses fields that it does not know',
    rule: 'W-002',
    role: 'server',
    file: 'wire/dist/reader.js',
    find: 'case FIXED64:',
    replace: 'case FIXED64: if (number > 10) truncated();',
  },
  {
    name: 'takes groups',
    rule: 'W-002',
    role: 'server',
    file: 'wire/dist/reader.js',
    find: 'throw protocolError(`wire type',
    replace: 'return void protocolError(`wire type',
  },
  {
    name: 'skips known fields of another wire type',
    rule: 'W-003',
    role: 'server',
    file: 'wire/dist/reader.js',
    find: 'if (number < knownBelow)',
    replace: 'if (false)',
  },
  {
    name: 'takes a field that reaches beyond its message',
    rule: 'W-004',
    role: 'server',
    file: 'wire/dist/reader.js',
    find: 'if (length > this.end - this.position)',
    replace: 'if (false)',
  },
  {
    name: 'takes a record with two kinds',
    rule: 'W-005',
    role: 'server',
    file: 'wire/dist/batch-decoder.js',
    find: 'this.#skipUnknownAfter();',
    replace: 'reader.position = reader.end;',
  },
  {
    name: 'reads no byte above 0x7F right',
    rule: 'W-006',
    role: 'server',
    file: 'transport/dist/node-bytes.js',
    find: 'String.fromCharCode(bytes[i] ?? 0)',
    replace: 'String.fromCharCode((bytes[i] ?? 0) & 0x7f)',
  },
];
