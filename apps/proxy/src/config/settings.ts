import { ADDRESS_FORMS, UPSTREAM_FORMS } from './address.ts';
import {
  amount,
  listOf,
  mapping,
  milliseconds,
  share,
  whole,
  wholeOr,
  yesOrNo,
} from './expected.ts';
import {
  groupFields,
  hostPort,
  linkFields,
  listenerFields,
  listenerUrl,
  pemPath,
  pinnedNames,
  routeFields,
  upstreamUrl,
} from './fields.ts';

/**
 * The settings that are flags of the command line, environment variables and fields of the file,
 * under one name. Those of listeners and groups hold for all that say nothing of their own. Each has
 * in its metadata what it does, and what `--help` shows for its value (nothing for a switch).
 */
export const generalFields = {
  in: listOf(listenerUrl, `a list of ${ADDRESS_FORMS}`).optional().meta({
    description: 'where requests come in; may be given several times',
    placeholder: 'URL',
  }),
  out: listOf(upstreamUrl, `a list of ${UPSTREAM_FORMS}`).optional().meta({
    description: 'where they go: each to the one that is likely to answer first',
    placeholder: 'URL[,URL…]',
  }),
  admin: hostPort.optional().meta({
    description: 'serves the dashboard at /, /metrics, /stats.json, /healthz and /readyz',
    placeholder: 'HOST:PORT',
  }),
  workers: wholeOr('auto', 1, 1024).optional().meta({
    description: 'processes that serve, auto for one for each core (1)',
    placeholder: 'N',
  }),
  ...linkFields,
  ...groupFields,
  ...routeFields,
  ...listenerFields,
  'drain-timeout': milliseconds(0).optional().meta({
    description: 'how long requests under way may take after SIGTERM (30000)',
    placeholder: 'MS',
  }),
  'max-lag': milliseconds(0).optional().meta({
    description:
      'lag of the event loop past which requests are answered with 503; 0 for none (100)',
    placeholder: 'MS',
  }),
  'max-memory': whole(1).optional().meta({
    description:
      'memory of each process; requests are answered with 503 from 85 % of it on (its part of what a cgroup allows)',
    placeholder: 'BYTES',
  }),
  'access-log': share().optional().meta({
    description: 'part of the requests, drawn by lot, that get a line in the log: 0 to 1 (0)',
    placeholder: 'SHARE',
  }),
  tracing: yesOrNo().optional().meta({
    description: 'makes spans for OpenTelemetry, by @opentelemetry/api where that is installed',
  }),
  measure: yesOrNo().optional().meta({
    description:
      'replays samples of what passes over HTTP listeners on links, and says what those would save',
  }),
  'price-per-gb': amount().optional().meta({
    description: 'what a GB over the network costs, for the dashboard and measure (0.09)',
    placeholder: 'DOLLARS',
  }),
  'price-per-core': amount().optional().meta({
    description: 'what a core costs in a month, for measure (25)',
    placeholder: 'DOLLARS',
  }),
  'tls-cert': pemPath.optional().meta({
    description:
      'certificate chain of this proxy, for https:// and teleports://, and for upstreams',
    placeholder: 'FILE',
  }),
  'tls-key': pemPath.optional().meta({ description: 'its key', placeholder: 'FILE' }),
  'tls-ca': pemPath.optional().meta({
    description: "authorities to trust at --out, instead of the system's",
    placeholder: 'FILE',
  }),
  'server-names': pinnedNames.optional().meta({
    description: 'names of which the certificate of an upstream must have one, instead of its host',
    placeholder: 'NAME[,NAME…]',
  }),
  'ticket-keys': pemPath.optional().meta({
    description: '48 random bytes that several processes share to resume TLS sessions of https://',
    placeholder: 'FILE',
  }),
  'client-ca': pemPath.optional().meta({
    description: 'clients must show a certificate that these authorities vouch for',
    placeholder: 'FILE',
  }),
  'client-names': pinnedNames.optional().meta({
    description: 'names of which that certificate must have one',
    placeholder: 'NAME[,NAME…]',
  }),
};

/** The schema of `generalFields`. */
export const settingsSchema = mapping(generalFields);

/** What a setting says of itself. */
export interface SettingInfo {
  /** Undefined for a switch. */
  readonly placeholder: string | undefined;
  readonly description: string;
}

/** Every general setting by its name, in the order of `--help`. */
export const SETTINGS: ReadonlyMap<string, SettingInfo> = new Map(
  Object.entries(generalFields).map(([name, schema]) => {
    const { placeholder, description } = schema.meta() ?? {};
    return [
      name,
      {
        placeholder: typeof placeholder === 'string' ? placeholder : undefined,
        description: description ?? '',
      },
    ];
  }),
);
