import { z } from 'zod';
import { UPSTREAM_FORMS } from './address.ts';
import { listOf, mapping, milliseconds, oneOf, share, text, whole, yesOrNo } from './expected.ts';
import {
  groupFields,
  linkFields,
  listenerFields,
  listenerUrl,
  pemPath,
  pinnedNames,
  routeFields,
  upstreamUrl,
} from './fields.ts';
import { generalFields } from './settings.ts';

const GROUP_NAME = 'a name of letters, digits, - and _, that begins with a letter';
const HOST = 'a host without a port, or *. and a host';
const HOST_FORM = /^(?:(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])$/;

const certificate = mapping({
  cert: pemPath.meta({ description: 'the chain, the own certificate first' }),
  key: pemPath.meta({ description: 'its key' }),
  names: pinnedNames.optional().meta({
    description: 'host names that it is shown to (those that it has itself)',
  }),
});

const listener = mapping({
  url: listenerUrl.meta({ description: 'where requests come in' }),
  tls: mapping({
    certificates: listOf(certificate, 'a list of mappings with cert and key').meta({
      description: 'the first is shown to clients that name no host, or one that none is for',
    }),
    'client-ca': generalFields['client-ca'],
    'client-names': generalFields['client-names'],
    'ticket-keys': generalFields['ticket-keys'],
  })
    .optional()
    .meta({ description: 'instead of tls-cert, tls-key, client-ca and client-names' }),
  'proxy-protocol': yesOrNo().optional().meta({
    description:
      'connections from trusted addresses begin with a header of the PROXY protocol, v1 or v2, that says who the client is',
  }),
  http2: yesOrNo().optional().meta({
    description:
      'speaks HTTP/2 too: where TLS agrees on it, and without TLS with clients that know (no)',
  }),
  ...listenerFields,
  ...linkFields,
});

const member = mapping({
  url: upstreamUrl.meta({ description: 'where it listens' }),
  weight: whole(1, 1000).optional().meta({ description: 'its part of the requests (1)' }),
});
const memberOrUrl = z.preprocess(
  (value) => (typeof value === 'string' ? { url: value } : value),
  member,
);

const health = mapping({
  path: text('a path that begins with /', (path) => /^\/[\x21-\x7e]*$/.test(path)).meta({
    description: 'asked for with GET; 200 to 399 is well',
  }),
  host: text(HOST, (host) => HOST_FORM.test(host))
    .optional()
    .meta({ description: 'for the Host field (the address)' }),
  interval: milliseconds(1).optional().meta({ description: 'between two questions (5000)' }),
  timeout: milliseconds(1).optional().meta({ description: 'for an answer (2000)' }),
  unhealthy: whole(1)
    .optional()
    .meta({ description: 'failures in a row until it is left out (3)' }),
  healthy: whole(1).optional().meta({ description: 'answers in a row until it is back (2)' }),
});

const group = mapping({
  members: listOf(
    memberOrUrl,
    `a list of ${UPSTREAM_FORMS}, or of mappings with url and weight`,
  ).meta({ description: 'the addresses, each alone or with a weight' }),
  tls: mapping({
    cert: pemPath.optional().meta({ description: 'shown to upstreams that ask' }),
    key: pemPath.optional().meta({ description: 'its key' }),
    ca: generalFields['tls-ca'],
    names: generalFields['server-names'],
  })
    .optional()
    .meta({ description: 'instead of tls-cert, tls-key, tls-ca and server-names' }),
  health: health.optional().meta({
    description: "active checks of HTTP members; a link's health is the link itself",
  }),
  'proxy-protocol': oneOf(['v1', 'v2'], 'v1 or v2').optional().meta({
    description:
      'each connection to an HTTP member begins with a header of the PROXY protocol that says who the client is, and is used for that one alone',
  }),
  'failure-statuses': listOf(whole(500, 599), 'a list of whole numbers from 500 to 599')
    .optional()
    .meta({ description: 'answers that count against their member (500, 502, 503, 504)' }),
  'panic-threshold': share().optional().meta({
    description: 'when no more than this share of members is well, all are used (0.3)',
  }),
  'eject-time': milliseconds(1)
    .max(2 ** 30, { error: 'a number of milliseconds from 1 to 1073741824' })
    .optional()
    .meta({
      description: 'how long a member that fails gets nothing, twice as long each next time (5000)',
    }),
  'slow-start': milliseconds(0).optional().meta({
    description: 'how long a member that returns takes to get its full part (10000)',
  }),
  ...groupFields,
  ...linkFields,
});

const route = mapping({
  host: text(HOST, (host) => HOST_FORM.test(host))
    .optional()
    .meta({ description: 'of the Host field: exactly this, or any under *. (all)' }),
  path: text('a path prefix that begins with /', (path) => /^\/[^?#\s]*$/.test(path))
    .optional()
    .meta({ description: 'whole segments with which the path begins (/)' }),
  group: text(GROUP_NAME).meta({ description: 'where such requests go' }),
  ...routeFields,
});

/** What a file may say: the general settings, and listeners, groups and routes one by one. */
export const fileSchema = mapping({
  ...generalFields,
  listeners: listOf(listener, 'a list of mappings with url').optional().meta({
    description: 'instead of in: each with what differs from the general settings',
  }),
  groups: z
    .record(z.string().regex(/^[A-Za-z][\w-]*$/), group, {
      error: (issue) =>
        issue.code === 'invalid_key' ? GROUP_NAME : 'a mapping of names to groups',
    })
    .optional()
    .meta({ description: 'instead of out: upstreams by the name of their group' }),
  routes: listOf(route, 'a list of mappings with host, path and group').optional().meta({
    description: 'which requests go to which group; without routes there is one group',
  }),
});

/** What a file says, its shape checked; defaults are not filled in. */
export type FileSettings = z.infer<typeof fileSchema>;
/** One of its listeners. */
export type ListenerSettings = NonNullable<FileSettings['listeners']>[number];
/** One of its groups. */
export type GroupSettings = NonNullable<FileSettings['groups']>[string];
/** One of its routes. */
export type RouteSettings = NonNullable<FileSettings['routes']>[number];
