import {
  ADDRESS_FORMS,
  isUpstreamAddress,
  parseAddress,
  parseHostPort,
  UPSTREAM_FORMS,
} from './address.ts';
import { isAddressRange, RANGE_FORMS } from './address-list.ts';
import { listOf, milliseconds, oneOf, text, whole, yesOrNo } from './expected.ts';

const PEM = 'the path of a PEM file';
const CODECS = 'a list of zstd, deflate, none in order of preference';
const NAMES = 'a list of DNS names, *. and a DNS name, or URIs';
const FORWARDED = 'a list of x-forwarded-for, x-forwarded-proto, x-forwarded-host, forwarded';
const FIELD_NAMES = 'a list of names of fields';
const WINDOW_BY = 'connection, or the name of a field';
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const RANGES = `a list of ${RANGE_FORMS}`;

const DNS_NAME = /^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const URI = /^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/;

/** A listener's address. */
export const listenerUrl = text(ADDRESS_FORMS, (url) => parseAddress(url) !== undefined);
/** An upstream's address. */
export const upstreamUrl = text(UPSTREAM_FORMS, isUpstreamAddress);
/** The path of a certificate or key. */
export const pemPath = text(PEM);
/** Names that a certificate is pinned to. */
export const pinnedNames = listOf(
  text(NAMES, (name) => DNS_NAME.test(name) || URI.test(name)),
  NAMES,
);
/** A word that links say to be let in. */
export const token = text('a text of 1 to 4096 bytes', (word) => {
  const bytes = Buffer.byteLength(word);
  return bytes >= 1 && bytes <= 4096;
});
/** Where the pages for whoever operates the proxy are. */
export const hostPort = text('HOST:PORT', (place) => parseHostPort(place) !== undefined);
/** Compression of links. */
export const codecs = listOf(oneOf(['zstd', 'deflate', 'none'], CODECS), CODECS);

/** The name of a field of HTTP (RFC 9110 section 5.1). */
const fieldName = text(FIELD_NAMES, (name) => FIELD_NAME.test(name));

/** What can be said of all routes, or of one. */
export const routeFields = {
  window: oneOf(['shared', 'isolated', 'off'], 'shared, isolated or off').optional().meta({
    description:
      'compression window of links for requests and their responses: shared, isolated or off (shared)',
    placeholder: 'CHOICE',
  }),
  'window-by': text(WINDOW_BY, (name) => FIELD_NAME.test(name))
    .optional()
    .meta({
      description: 'with isolated, a window for each connection, or for each value of a field',
      placeholder: 'connection|FIELD',
    }),
};

/** What can be said of all listeners, or of one. */
export const listenerFields = {
  'max-body': whole(0).optional().meta({
    description: 'longest request body, in bytes; then 413 (1 GiB)',
    placeholder: 'BYTES',
  }),
  'max-head': whole(1024, 1024 * 1024)
    .optional()
    .meta({
      description: 'longest head of a request, in bytes; then 431 (32768)',
      placeholder: 'BYTES',
    }),
  'max-requests': whole(1).optional().meta({
    description: 'requests of each listener that wait for a response; then 503 (10000)',
    placeholder: 'N',
  }),
  'max-connections': whole(1).optional().meta({
    description:
      'most connections, or links, of each listener (its share of 90 % of the open files allowed)',
    placeholder: 'N',
  }),
  'headers-timeout': milliseconds(1).optional().meta({
    description: "until a request's head is complete; then 408 (10000)",
    placeholder: 'MS',
  }),
  'get-only': yesOrNo().optional().meta({
    description: 'takes GET and HEAD alone; others are answered with 405',
  }),
  allow: listOf(text(RANGES, isAddressRange), RANGES).optional().meta({
    description: 'the addresses that may connect; all others are cut off',
    placeholder: 'ADDRESS[/BITS][,…]',
  }),
  forwarded: listOf(
    oneOf(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'], FORWARDED),
    FORWARDED,
  )
    .optional()
    .meta({
      description: 'fields that tell the origin of the client; those that came are removed (none)',
      placeholder: 'NAME[,NAME…]',
    }),
  trusted: listOf(text(RANGES, isAddressRange), RANGES).optional().meta({
    description: 'clients whose own such fields, and x-request-id, are believed (none)',
    placeholder: 'ADDRESS[/BITS][,…]',
  }),
  'request-id': yesOrNo().optional().meta({
    description: 'gives each request an x-request-id; only those of trusted clients are kept',
  }),
  'reuse-port': yesOrNo().optional().meta({
    description: 'lets other processes listen on the same port',
  }),
  tokens: listOf(token, 'a list of texts').optional().meta({
    description: 'links that come in must say one of these',
    placeholder: 'TEXT[,TEXT…]',
  }),
};

/** What can be said of all upstream groups, or of one. */
export const groupFields = {
  links: whole(1, 1024)
    .optional()
    .meta({ description: 'links to each teleport address (1)', placeholder: 'N' }),
  'max-link-age': milliseconds(1)
    .max(2 ** 30, { error: 'a number of milliseconds from 1 to 1073741824' })
    .optional()
    .meta({
      description: 'a link is replaced when it is so old (never)',
      placeholder: 'MS',
    }),
  timeout: milliseconds(1)
    .optional()
    .meta({ description: "until a response's head; then 504 (30000)", placeholder: 'MS' }),
  connections: whole(1).optional().meta({
    description: 'most connections to each HTTP address (256)',
    placeholder: 'N',
  }),
  'idle-timeout': milliseconds(0).optional().meta({
    description:
      'how long an unused connection to an HTTP address is kept (a second less than it says, 4000 if it does not)',
    placeholder: 'MS',
  }),
  'hedge-after': milliseconds(0).optional().meta({
    description: 'sends a request that is safe to repeat a second time over links (never)',
    placeholder: 'MS',
  }),
  'retry-percent': whole(0, 100).optional().meta({
    description: 'further attempts that 100 requests allow, beside 10 a second (20)',
    placeholder: 'N',
  }),
  token: token.optional().meta({
    description:
      'what upstream links say to be let in; TP_PROXY_TOKEN keeps it off the command line',
    placeholder: 'TEXT',
  }),
};

/** What can be said of either side's links. */
export const linkFields = {
  codec: codecs.optional().meta({
    description: 'compression of links, in order of preference (zstd,deflate)',
    placeholder: 'NAME[,NAME…]',
  }),
  'batch-delay': milliseconds(0).optional().meta({
    description: 'how long a link gathers before it sends: fewer bytes for more latency (0)',
    placeholder: 'MS',
  }),
  'secret-fields': listOf(fieldName, FIELD_NAMES).optional().meta({
    description:
      'further fields whose values stay out of compression windows, as cookies do (none)',
    placeholder: 'NAME[,NAME…]',
  }),
  insecure: yesOrNo().optional().meta({
    description: 'allows teleport:// beyond this machine: anyone between can read it',
  }),
};
