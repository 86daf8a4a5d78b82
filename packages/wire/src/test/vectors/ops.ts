/** Operations of head programs as the integers that they are (docs/protocol.md, section 6). */
export const op = {
  field: (slot: number) => [4 * slot],
  value: (nameSlot: number) => [4 * nameSlot + 1],
  store: (nameSlot: number, slot: number) => [4 * nameSlot + 2, slot],
  literal: [3],
  name: (slot: number) => [7, slot],
  secret: (nameSlot: number) => [11, nameSlot],
  secretStore: (nameSlot: number, slot: number) => [15, nameSlot, slot],
  drop: (slot: number) => [19, slot],
} as const;

/** What fills the holes of a block. */
export const fill = {
  field: (slot: number) => [4 * slot],
  text: [1],
  store: (slot: number) => [4 * slot + 2],
  blob: [3],
  blobStore: (slot: number) => [7, slot],
  drop: (slot: number) => [19, slot],
} as const;

/** The slots that are there from the start. */
export const METHOD = 0;
export const PATH = 1;
export const STATUS = 2;
export const REASON = 3;
