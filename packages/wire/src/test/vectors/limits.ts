/** The limits of a hello by their names in wire.proto, with their defaults, in the order of their numbers. */
export const DEFAULTS = {
  batch_packed: 262_144,
  batch_unpacked: 1_048_576,
  table_bytes: 65_536,
  streams: 10_000,
  stream_window: 262_144,
  link_window: 1_048_576,
  head_bytes: 32_768,
  fields: 100,
  windows: 0,
} as const;

export type Limit = keyof typeof DEFAULTS;
