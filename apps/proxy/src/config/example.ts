import { SCHEMA_URL } from './json-schema.ts';

/** What `tp-proxy init` writes: a configuration to begin with, its further settings as comments. */
export const EXAMPLE = `# yaml-language-server: $schema=${SCHEMA_URL}
#
# Begin with this, then: tp-proxy check FILE, and tp-proxy --config FILE.
# SIGHUP makes a running proxy read it again and apply what has changed.
# Times are in ms, sizes in bytes, paths of files from the folder of this one.

# Serves the dashboard at /, /metrics, /stats.json, /healthz and /readyz.
admin: 127.0.0.1:9090

# What stands out here holds for all listeners and groups that do not say otherwise.
timeout: 30000
# codec: [zstd, deflate]
# batch-delay: 1
# max-body: 1073741824
# drain-timeout: 30000
# access-log: 0.01
# max-lag: 100
# max-memory: 1073741824
# tracing: true
# measure: true
# price-per-gb: 0.09
# price-per-core: 25
# workers: 1

# Where requests come in: http://, https://, unix:, teleport://, teleports:// or teleport+unix:.
listeners:
  - url: http://127.0.0.1:8000
    headers-timeout: 10000
    # get-only: true
    # allow: [127.0.0.1, 10.0.0.0/8, "::1"]
    # max-head: 32768
    # max-requests: 10000
    # max-connections: 10000
    # forwarded: [x-forwarded-for, x-forwarded-proto]
    # trusted: [10.0.0.0/8]
    # proxy-protocol: true
    # http2: true
    # request-id: true
  # - url: https://0.0.0.0:8443
  #   tls:
  #     certificates:
  #       - { cert: first.pem, key: first.key }
  #       - { cert: second.pem, key: second.key, names: [second.example, "*.second.example"] }
  #     client-ca: clients.pem
  #     client-names: [partner.example]
  #     ticket-keys: tickets.bin
  # - url: teleports://0.0.0.0:8043
  #   tls: { certificates: [{ cert: first.pem, key: first.key }] }
  #   tokens: [a-long-random-text]
  #   secret-fields: [x-session]
  #   reuse-port: true

# Where requests go.
groups:
  web:
    members:
      - http://127.0.0.1:8080
      - { url: http://127.0.0.1:8081, weight: 3 }
    connections: 256
    # Asked of each member, beside what becomes of requests.
    # health: { path: /healthz, interval: 5000, timeout: 2000, unhealthy: 3, healthy: 2 }
    # idle-timeout: 4000
    # proxy-protocol: v2
    # slow-start: 10000
    # eject-time: 5000
    # panic-threshold: 0.3
    # failure-statuses: [500, 502, 503, 504]
    # retry-percent: 20
  # far:
  #   # A name stands for all its addresses, teleports+srv:// for those of a service in DNS.
  #   members: ["teleports://far.example:8043"]
  #   links: 2
  #   max-link-age: 600000
  #   hedge-after: 200
  #   secret-fields: [x-session]
  #   token: a-long-random-text
  #   tls: { ca: authority.pem, names: [far.example], cert: own.pem, key: own.key }

# Which requests go to which group: a host before *. before none, then the longest path.
routes:
  - group: web
  # - { host: api.example, path: /v2, group: far }
  # - { host: "*.example", group: web }
  # - { host: shop.example, group: far, window: isolated, window-by: x-tenant }
  # - { host: login.example, group: far, window: off }
`;
