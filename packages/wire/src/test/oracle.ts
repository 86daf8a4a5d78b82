import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** The messages of `wire.proto` as another implementation reads them. */
const root = protobuf.loadSync(
  fileURLToPath(new URL('../../proto/tp/v1/wire.proto', import.meta.url)),
);

export const oracle = {
  batch: root.lookupType('tp.v1.Batch'),
  envelope: root.lookupType('tp.v1.Envelope'),
};

/** Decodes with protobufjs and encodes again. */
export function again(type: protobuf.Type, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(type.encode(type.decode(bytes)).finish());
}
