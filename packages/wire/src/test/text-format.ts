import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** Where `wire.proto` is, and the folder that its name counts from. */
export const protoFolder = fileURLToPath(new URL('../../proto/', import.meta.url));
export const protoFile = `${protoFolder}tp/v1/wire.proto`;

const root = new protobuf.Root().loadSync(protoFile, { keepCase: true });
/** The messages by the names that their fields have in `wire.proto`. */
export const Batch = root.lookupType('tp.v1.Batch');
export const Envelope = root.lookupType('tp.v1.Envelope');

/** The name of a code; what has none is INTERNAL (W-113). */
export function codeOf(number: number): string {
  return root.lookupEnum('tp.v1.Code').valuesById[number] ?? 'INTERNAL';
}

/** The numbers of an enum of `wire.proto`, by name. */
export function enumOf(name: string): Record<string, number> {
  return root.lookupEnum(`tp.v1.${name}`).values;
}

/** A field's value as protobufjs gives it, with every number a number. */
export type Value = number | boolean | string | Uint8Array | Message | readonly Value[];
/** A message: the fields that were there, by name. */
export type Message = ReadonlyMap<string, Value>;

/** Decodes with protobufjs. */
export function decoded(type: protobuf.Type, bytes: Uint8Array): Message {
  return messageOf(type, type.decode(bytes));
}

function messageOf(type: protobuf.Type, message: object): Message {
  const values = new Map<string, Value>();
  const entries = new Map<string, unknown>(Object.entries(message));
  for (const field of type.fieldsArray) {
    const value = entries.get(field.name);
    if (value === undefined || value === null) continue;
    const read = Array.isArray(value)
      ? value.map((one: unknown) => readValue(field, one))
      : readValue(field, value);
    values.set(field.name, read);
  }
  return values;
}

function readValue(field: protobuf.Field, value: unknown): Value {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') {
    return value;
  }
  if (value instanceof Uint8Array) return value;
  const type = field.resolve().resolvedType;
  if (typeof value === 'object' && value !== null && type instanceof protobuf.Type) {
    return messageOf(type, value);
  }
  throw new Error(`${field.name} has a value that no field of wire.proto can have`);
}

/** A message in protobuf's text format, as `protoc --decode` prints it: fields by number, no defaults. */
export function textOf(type: protobuf.Type, message: Message, indent = ''): string {
  let text = '';
  const fields = type.fieldsArray.toSorted((one, other) => one.id - other.id);
  for (const field of fields) {
    const value = message.get(field.name);
    if (value === undefined) continue;
    for (const one of isList(value) ? value : [value]) {
      if (!field.repeated && field.partOf === null && isDefault(one)) continue;
      text += `${indent}${field.name}${printed(field, one, indent)}\n`;
    }
  }
  return text;
}

function printed(field: protobuf.Field, value: Value, indent: string): string {
  const type = field.resolve().resolvedType;
  if (type instanceof protobuf.Type && isMessage(value)) {
    return ` {\n${textOf(type, value, `${indent}  `)}${indent}}`;
  }
  if (type instanceof protobuf.Enum) return `: ${type.valuesById[Number(value)] ?? String(value)}`;
  if (value instanceof Uint8Array) return `: "${escaped(value)}"`;
  if (typeof value === 'string') return `: "${escaped(Buffer.from(value, 'utf8'))}"`;
  return `: ${String(value)}`;
}

const NAMED = new Map([
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x22, '\\"'],
  [0x27, "\\'"],
  [0x5c, '\\\\'],
]);

function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const name = NAMED.get(byte);
    if (name !== undefined) return name;
    if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
    return `\\${byte.toString(8).padStart(3, '0')}`;
  }).join('');
}

/** The same text without the fields that `wire.proto` does not have, which are printed by number. */
export function withoutUnknown(text: string): string {
  const kept: string[] = [];
  let inside: string | undefined;
  for (const line of text.split('\n')) {
    if (inside !== undefined) {
      if (line === `${inside}}`) inside = undefined;
      continue;
    }
    const unknown = /^( *)\d+(?:: .*| (\{))$/.exec(line);
    if (unknown === null) kept.push(line);
    else if (unknown[2] !== undefined) inside = unknown[1];
  }
  return kept.join('\n');
}

function isDefault(value: Value): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return value === 0 || value === false || value === '';
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isMessage(value: Value): value is Message {
  return value instanceof Map;
}
