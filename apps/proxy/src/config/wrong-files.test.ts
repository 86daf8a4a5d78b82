import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { checkFile } from './command.ts';
import { ConfigError } from './config-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'tp-proxy-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'cert.pem'), CERTIFICATE);
writeFileSync(join(folder, 'key.pem'), KEY);
writeFileSync(join(folder, 'no.pem'), 'nothing of use');

/** What `check` says of a file, each flaw without the file's name. */
function flawsOf(text: string): string[] {
  const path = join(folder, 'tp.yaml');
  writeFileSync(path, text);
  try {
    checkFile(path);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.flaws.map((flaw) => {
      expect(flaw.startsWith(`${path}:`), flaw).toBe(true);
      expect(flaw).not.toContain('\n');
      return flaw.slice(path.length + 1);
    });
  }
}

const IN = 'in: http://127.0.0.1:1\n';
const OUT = 'out: http://127.0.0.1:2\n';
const HTTPS = `listeners:\n  - url: https://127.0.0.1:1\n    tls:\n`;
const GROUP = `${IN}groups:\n  web:\n    members: [http://127.0.0.1:2]\n`;
const PAIR = '{ cert: cert.pem, key: key.pem }';

/** A file, and line, field, what is found and what is expected of its only flaw. */
const WRONG: readonly (readonly [string, number, string, string, string])[] = [
  [OUT, 1, 'in', 'nothing', 'a list of http://HOST:PORT'],
  [IN, 1, 'out', 'nothing', 'a list of http://HOST:PORT'],
  [`${IN}${OUT}ouch: 1\n`, 3, 'ouch', '"ouch"', 'one of the fields in, out, admin'],
  [`${IN}${OUT}timeout: soon\n`, 3, 'timeout', '"soon"', 'a number of milliseconds from 1'],
  [`${IN}${OUT}timeout: 0\n`, 3, 'timeout', '0', 'a number of milliseconds from 1'],
  [`${IN}${OUT}links: 1.5\n`, 3, 'links', '1.5', 'a whole number from 1 to 1024'],
  [`${IN}${OUT}codec: [zstd, gzip]\n`, 3, 'codec[1]', '"gzip"', 'a list of zstd, deflate, none'],
  [`${IN}${OUT}codec: zstd,gzip\n`, 3, 'codec[1]', '"gzip"', 'a list of zstd, deflate, none'],
  [`${IN}${OUT}insecure: perhaps\n`, 3, 'insecure', '"perhaps"', 'true or false'],
  [`${IN}${OUT}workers: some\n`, 3, 'workers', '"some"', 'a whole number from 1 to 1024, or auto'],
  [`${IN}${OUT}workers: 0\n`, 3, 'workers', '0', 'a whole number from 1 to 1024, or auto'],
  [`${IN}${OUT}measure: true\nworkers: 2\n`, 3, 'measure', 'true', 'workers: 1 beside it'],
  [`${IN}${OUT}admin: 9090\n`, 3, 'admin', '9090', 'HOST:PORT'],
  [`${IN}${OUT}allow: [10.0.0.0/33]\n`, 3, 'allow[0]', '"10.0.0.0/33"', 'a list of ADDRESS or'],
  [`${IN}${OUT}trusted: here\n`, 3, 'trusted[0]', '"here"', 'a list of ADDRESS or'],
  [`${IN}${OUT}forwarded: [via]\n`, 3, 'forwarded[0]', '"via"', 'a list of x-forwarded-for'],
  [`${IN}${OUT}retry-percent: 101\n`, 3, 'retry-percent', '101', 'a whole number from 0 to 100'],
  [`${IN}${OUT}token: ""\n`, 3, 'token', '""', 'a text of 1 to 4096 bytes'],
  [`${IN}${OUT}token: 12345\n`, 3, 'token', '"(not shown)"', 'a text of 1 to 4096 bytes'],
  [`${IN}${OUT}tls-cert: cert.pem\n`, 1, 'tls-key', 'nothing', 'both certificate and key'],
  [`${IN}${OUT}tls-ca: lost.pem\n`, 3, 'tls-ca', '"lost.pem"', 'the path of a PEM file that can'],
  [`${IN}${OUT}server-names: ["a b"]\n`, 3, 'server-names[0]', '"a b"', 'a list of DNS names'],
  [
    `listeners: [{ url: 'http://127.0.0.1:1', proxy-protocol: true }]\n${OUT}`,
    1,
    'listeners[0].proxy-protocol',
    'true',
    'trusted beside it',
  ],
  [
    `listeners: [{ url: 'teleport://127.0.0.1:1', proxy-protocol: true }]\n${OUT}`,
    1,
    'listeners[0].proxy-protocol',
    'true',
    'it at listeners of HTTP',
  ],
  [`${GROUP}    proxy-protocol: v3\n`, 5, 'groups.web.proxy-protocol', '"v3"', 'v1 or v2'],
  [
    `${IN}groups:\n  web: { members: ['teleport://127.0.0.1:2'], proxy-protocol: v2 }\n`,
    3,
    'groups.web.proxy-protocol',
    '"v2"',
    'it at groups with HTTP members',
  ],
  [`${IN}${OUT}routes: [{ group: out }]\n`, 3, 'routes', '"routes beside out"', 'groups, for'],
  [`${IN}out:\n  - teleport://192.0.2.1:1\n`, 3, 'out[0]', '"teleport://192.0.2.1:1"', 'teleports'],
  [`in: teleport+srv://_tp._tcp.a\n${OUT}`, 1, 'in[0]', '"teleport+srv://_tp._tcp.a"', 'http:'],
  [`in: https://127.0.0.1:1\n${OUT}`, 1, 'tls-cert', 'nothing', 'the path of a PEM file, as https'],
  [`${IN}${OUT}listeners: [{ url: unix:/a }]\n`, 3, 'listeners', '"listeners beside in"', 'one of'],
  [`listeners: []\n${OUT}`, 1, 'listeners', '[]', 'a list of mappings with url'],
  [`listeners: [{}]\n${OUT}`, 1, 'listeners[0].url', 'nothing', 'http://HOST:PORT, https'],
  [`listeners:\n  - url: unix:/a\n    port: 1\n${OUT}`, 3, 'listeners[0].port', '"port"', 'one of'],
  [
    `listeners:\n  - url: http://127.0.0.1:1\n  - url: http://127.0.0.1:1\n${OUT}`,
    ...([3, 'listeners[1].url', '"http://127.0.0.1:1"', 'an address that no other'] as const),
  ],
  [
    `listeners:\n  - url: unix:/a\n    tls:\n      certificates: [${PAIR}]\n${OUT}`,
    ...([3, 'listeners[0].tls', '"unix:/a"', 'tls at https:// or teleports://'] as const),
  ],
  [
    `listeners:\n  - url: unix:/a\n    tokens: [x]\n${OUT}`,
    ...([3, 'listeners[0].tokens', '"(not shown)"', 'them at listeners of links'] as const),
  ],
  [
    `${HTTPS}      certificates: [{ cert: cert.pem }]\n${OUT}`,
    ...([4, 'listeners[0].tls.certificates[0].key', 'nothing', 'the path of a PEM file'] as const),
  ],
  [
    `${HTTPS}      certificates:\n        - ${PAIR}\n        - cert: no.pem\n          key: key.pem\n${OUT}`,
    ...([6, 'listeners[0].tls.certificates[1].cert', '"no.pem"', 'PEM that can be used'] as const),
  ],
  [
    `${HTTPS}      certificates: [${PAIR}]\n      client-names: [a.example]\n${OUT}`,
    ...([5, 'listeners[0].tls.client-names', '["a.example"]', 'client-ca beside it'] as const),
  ],
  [`${IN}groups: {}\n`, 2, 'groups', '{}', 'one group at least'],
  [`${IN}groups: { 1st: { members: [unix:/a] } }\n`, 2, 'groups.1st', '"1st"', 'a name of letters'],
  [`${IN}groups:\n  web: {}\n`, 3, 'groups.web.members', 'nothing', 'a list of http://HOST'],
  [
    `${IN}groups:\n  web:\n    members:\n      - unix:/a\n      - { url: unix:/b, weight: 0 }\n`,
    ...([6, 'groups.web.members[1].weight', '0', 'a whole number from 1 to 1000'] as const),
  ],
  [
    `${GROUP}    panic-threshold: 30\n`,
    5,
    'groups.web.panic-threshold',
    '30',
    'a number from 0 to',
  ],
  [
    `${GROUP}    health:\n      path: healthz\n`,
    ...([6, 'groups.web.health.path', '"healthz"', 'a path that begins with /'] as const),
  ],
  [
    `${IN}groups:\n  far:\n    members: [teleport://127.0.0.1:2]\n    health: { path: / }\n`,
    ...([5, 'groups.far.health', '"health"', 'it at groups with HTTP members'] as const),
  ],
  [
    `${GROUP}    failure-statuses: [404]\n`,
    5,
    'groups.web.failure-statuses[0]',
    '404',
    'a whole number',
  ],
  [`${GROUP}    tls: { ca: no.pem }\n`, 5, 'groups.web.tls.ca', '"no.pem"', 'PEM that can be used'],
  [`${GROUP}routes:\n  - group: wbe\n`, 6, 'routes[0].group', '"wbe"', 'one of the groups web'],
  [
    `${GROUP}routes:\n  - { path: api, group: web }\n`,
    6,
    'routes[0].path',
    '"api"',
    'a path prefix',
  ],
  [`${GROUP}routes:\n  - { host: "a:1", group: web }\n`, 6, 'routes[0].host', '"a:1"', 'a host'],
  [
    `${GROUP}routes:\n  - group: web\n  - path: /\n    group: web\n`,
    ...([7, 'routes[1]', '{"path":"/"}', 'a host and path that no other route has'] as const),
  ],
  [
    `${GROUP}  api: { members: [unix:/a] }\n`,
    1,
    'routes',
    'nothing',
    'routes, as there are several',
  ],
  [`${IN}${OUT}__proto__: { timeout: 1 }\n`, 3, '__proto__', '"__proto__"', 'another name'],
];

describe('a wrong file', () => {
  it.each(WRONG)('%j is told of by line, field, what is found and expected', (...row) => {
    const [text, line, field, found, expected] = row;
    const flaws = flawsOf(text);
    expect(flaws).toHaveLength(1);
    expect(flaws[0]).toContain(`${line}: ${field}: found ${found}, expected ${expected}`);
    expect(flaws[0]?.startsWith(`${line}: `)).toBe(true);
  });

  it('is told of in full, a line for each flaw', () => {
    const text = `${IN}${OUT}timeout: -1\nlinks: none\nallow: [x, 10.0.0.1, y]\n`;
    expect(flawsOf(text).map((flaw) => flaw.slice(0, flaw.indexOf(': found')))).toEqual([
      ...['3: timeout', '4: links', '5: allow[0]', '5: allow[2]'],
    ]);
  });
});
