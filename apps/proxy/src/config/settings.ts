import { z } from 'zod';
import { ADDRESS_FORMS, parseAddress, parseHostPort } from './address.ts';

const MAX_MS = 2 ** 31 - 1;
const GIB = 2 ** 30;
const MS = `a number of milliseconds from 0 to ${MAX_MS}`;
const FILE = 'the path of a PEM file';
const COUNT = 'a whole number, at least 1';

const addresses = listOf(z.string().refine((text) => parseAddress(text) !== undefined));
const codecs = listOf(z.enum(['zstd', 'deflate', 'none']));
const ms = z.number().min(0).max(MAX_MS);
const count = z.int().min(1);
const path = z.string().min(1);

/**
 * Every setting: a flag of the command line and a field of the file, under the same name. Each
 * says in its metadata what is expected of it, what `--help` shows for its value, and what it does.
 */
export const settingsSchema = z.strictObject({
  in: addresses.meta({
    expected: `a list of ${ADDRESS_FORMS}`,
    placeholder: 'URL',
    description: 'where requests come in; may be given several times',
  }),
  out: addresses.meta({
    expected: `a list of ${ADDRESS_FORMS}`,
    placeholder: 'URL[,URL…]',
    description: 'where they go: each to the least loaded of these',
  }),
  admin: z
    .string()
    .refine((text) => parseHostPort(text) !== undefined)
    .optional()
    .meta({
      expected: 'HOST:PORT',
      placeholder: 'HOST:PORT',
      description: 'serves /metrics, /stats.json, /healthz and /readyz',
    }),
  codec: codecs.default(['zstd', 'deflate']).meta({
    expected: 'a list of zstd, deflate, none in order of preference',
    placeholder: 'NAME[,NAME…]',
    description: 'compression of links, in order of preference (zstd,deflate)',
  }),
  'batch-delay': ms.default(0).meta({
    expected: MS,
    placeholder: 'MS',
    description: 'how long a link gathers before it sends: fewer bytes for more latency (0)',
  }),
  links: count.max(1024).optional().meta({
    expected: 'a whole number from 1 to 1024',
    placeholder: 'N',
    description: 'links to each teleport address',
  }),
  timeout: ms
    .min(1)
    .default(30_000)
    .meta({
      expected: `a number of milliseconds from 1 to ${MAX_MS}`,
      placeholder: 'MS',
      description: "until a response's head; then 504 (30000)",
    }),
  'headers-timeout': ms
    .min(1)
    .default(10_000)
    .meta({
      expected: `a number of milliseconds from 1 to ${MAX_MS}`,
      placeholder: 'MS',
      description: "until a request's head is complete; then 408 (10000)",
    }),
  'drain-timeout': ms.default(30_000).meta({
    expected: MS,
    placeholder: 'MS',
    description: 'how long requests under way may take after SIGTERM (30000)',
  }),
  'max-body': z.int().min(0).default(GIB).meta({
    expected: 'a whole number of bytes',
    placeholder: 'BYTES',
    description: 'longest request body; then 413 (1 GiB)',
  }),
  'max-connections': count.optional().meta({
    expected: COUNT,
    placeholder: 'N',
    description: 'most HTTP connections of each --in (90 % of the open files allowed)',
  }),
  connections: count.default(256).meta({
    expected: COUNT,
    placeholder: 'N',
    description: 'most connections to each HTTP address of --out (256)',
  }),
  'tls-cert': path.optional().meta({
    expected: FILE,
    placeholder: 'FILE',
    description: 'certificate chain of this proxy, for https:// and teleports://',
  }),
  'tls-key': path.optional().meta({
    expected: FILE,
    placeholder: 'FILE',
    description: 'its key',
  }),
  'tls-ca': path.optional().meta({
    expected: FILE,
    placeholder: 'FILE',
    description: "authorities to trust at --out, instead of the system's",
  }),
  insecure: z.boolean().default(false).meta({
    expected: 'true or false',
    description: 'allows teleport:// beyond this machine: anyone between can read it',
  }),
});

/** Settings whose shape is right, defaults filled in. */
export type Settings = z.infer<typeof settingsSchema>;

/** What a setting says of itself. */
export interface SettingInfo {
  readonly expected: string;
  /** Undefined for a switch. */
  readonly placeholder: string | undefined;
  readonly description: string;
}

/** Every setting by its name, in the order of `--help`. */
export const SETTINGS: ReadonlyMap<string, SettingInfo> = new Map(
  Object.entries(settingsSchema.shape).map(([name, schema]) => {
    const { expected, placeholder, description } = schema.meta() ?? {};
    return [
      name,
      {
        expected: typeof expected === 'string' ? expected : 'another value',
        placeholder: typeof placeholder === 'string' ? placeholder : undefined,
        description: description ?? '',
      },
    ];
  }),
);

/** A list, also as text with commas between. */
function listOf<T extends z.ZodType>(one: T) {
  const split = (value: unknown): unknown => (typeof value === 'string' ? value.split(',') : value);
  return z.preprocess(split, z.array(one).min(1));
}
