import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { checkFile, readCommand } from './command.ts';
import type { Config } from './config.ts';
import { ConfigError } from './config-error.ts';
import { EXAMPLE } from './example.ts';
import { fileJsonSchema } from './json-schema.ts';

const IN = ['--in', 'http://127.0.0.1:0'];
const OUT = ['--out', 'http://127.0.0.1:8080'];

function config(...args: string[]): Config {
  const command = readCommand(args);
  if (command.kind !== 'run') throw new Error(command.kind);
  return command.config;
}

function flaw(...args: string[]): string {
  try {
    readCommand(args);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'none';
}

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tp-proxy-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('configuration', () => {
  it('has the defaults that --help states', () => {
    const link = { codecs: ['zstd', 'deflate'], batchDelayMs: 0, insecure: false };
    expect(config(...IN, ...OUT)).toMatchObject({
      drainTimeoutMs: 30_000,
      admin: undefined,
      listeners: [
        { ...link, headersTimeoutMs: 10_000, maxBodyBytes: 2 ** 30, getOnly: false, forwarded: [] },
      ],
      groups: [{ ...link, timeoutMs: 30_000, connections: 256, links: 1, retryPercent: 20 }],
    });
  });

  it('takes several listeners and upstreams of every kind', () => {
    const { listeners, groups } = config(
      '--in=http://127.0.0.1:0',
      '--in=unix:/tmp/a',
      '--in=teleport://[::1]:1',
      '--in=teleport+unix:/tmp/b',
      '--out=http://a.example,https://b.example,unix:/tmp/c,teleports://c.example:3',
      '--out=teleports+srv://_tp._tcp.d.example',
    );
    expect(listeners.map(({ address }) => address.kind)).toEqual([
      ...['http', 'http-unix', 'teleport', 'teleport-unix'],
    ]);
    expect(groups[0]?.members.map(({ address }) => address)).toMatchObject([
      { kind: 'http', tls: false, port: 80 },
      { kind: 'http', tls: true, port: 443 },
      { kind: 'http-unix', path: '/tmp/c' },
      { kind: 'teleport', tls: true, host: 'c.example', port: 3 },
      { kind: 'teleport-srv', tls: true },
    ]);
  });

  it.each([
    ['in', 'ftp://a'],
    ['in', 'http://a:70000'],
    ['in', 'http://a:1/path'],
    ['out', 'teleport://127.0.0.1'],
    ['out', 'unix:'],
    ['admin', '9090'],
    ['codec', 'gzip'],
    ['batch-delay', '-1'],
    ['batch-delay', 'x'],
    ['links', '0'],
    ['links', '1.5'],
    ['timeout', '0'],
    ['timeout', '1e3'],
    ['drain-timeout', '99999999999'],
    ['max-body', '1k'],
    ['max-connections', '0'],
    ['connections', 'many'],
    ['tls-cert', '/nowhere'],
    ['tls-ca', '/nowhere'],
  ])('names --%s, what was found (%s) and what is expected', (name, value) => {
    const args = name === 'in' ? OUT : name === 'out' ? IN : [...IN, ...OUT];
    const message = flaw(...args, `--${name}=${value}`);
    expect(message).toMatch(new RegExp(`^--${name}: found .*, expected .+$`));
    expect(message).toContain(value);
    expect(message).not.toContain('\n');
  });

  it('asks for what is missing', () => {
    expect(flaw(...OUT)).toMatch(/^--in: found nothing, expected a list of http:/);
    expect(flaw(...IN)).toMatch(/^--out: found nothing/);
    expect(flaw('--in=https://127.0.0.1:0', ...OUT)).toMatch(/^--tls-cert: found nothing/);
    expect(flaw('--in=teleports://127.0.0.1:0', ...OUT)).toMatch(/^--tls-cert: found nothing/);
  });

  it('refuses flags that it does not know, and words that are no flag', () => {
    expect(flaw('--bogus')).toContain("'--bogus'");
    expect(flaw('bogus')).toContain("'bogus'");
    expect(flaw('--in')).toContain('--in');
    expect(flaw(...IN, ...OUT, '--links=1', '--links=2')).toMatch(/^--links: found .* once$/);
  });

  it('sends plain text over a network only when asked to by name', () => {
    const message = flaw(...IN, '--out=teleport://10.0.0.1:1');
    expect(message).toMatch(/^--out: found "teleport:\/\/10\.0\.0\.1:1", expected teleports:/);
    expect(flaw('--in=teleport://0.0.0.0:1', ...OUT)).toMatch(/^--in: /);
    expect(flaw('--in=teleport://[::]:1', ...OUT)).toMatch(/^--in: /);
    expect(flaw(...IN, '--out=teleport://127.0.0.1.example:1')).toMatch(/^--out: /);
    expect(config(...IN, '--out=teleport://10.0.0.1:1', '--insecure').groups).toHaveLength(1);
    expect(config(...IN, '--out=teleport://localhost:1').groups).toHaveLength(1);
    expect(config('--in=http://0.0.0.0:1', ...OUT).listeners).toHaveLength(1);
    expect(flaw(...IN, '--out=teleport+srv://_tp._tcp.a.example')).toMatch(/^--out: /);
  });

  it('reads YAML and JSON, and lets flags win', () => {
    const yaml = file(
      'tp.yaml',
      'in: http://127.0.0.1:0\nout:\n  - http://a:1\n  - http://b:1\ntimeout: 5\n',
    );
    expect(config('--config', yaml).groups).toMatchObject([
      { timeoutMs: 5, members: [{ address: { host: 'a' } }, { address: { host: 'b' } }] },
    ]);
    expect(config('--config', yaml, '--timeout', '7', ...OUT).groups).toMatchObject([
      { timeoutMs: 7, members: [{ address: { port: 8080 } }] },
    ]);
    const json = file(
      'tp.json',
      '{"in": "http://127.0.0.1:0", "out": "http://a:1", "insecure": true}',
    );
    expect(config('--config', json).groups).toHaveLength(1);
  });

  it.each([
    [
      'in: http://a:1\nout: http://b:1\ntimeout: soon\n',
      3,
      'timeout: found "soon", expected a number',
    ],
    [
      'in: http://a:1\nout:\n  - http://b:1\n  - gopher://c\n',
      4,
      'out[1]: found "gopher://c", expected',
    ],
    ['in: http://a:1\n\n# x\nout: 5\n', 4, 'out: found 5, expected'],
    [
      'in: http://a:1\nout: http://b:1\nouch: 1\n',
      3,
      'ouch: found "ouch", expected one of the fields in, out',
    ],
    [
      'in: http://a:1\nout: teleport://10.0.0.1:1\n',
      2,
      'out[0]: found "teleport://10.0.0.1:1", expected teleports',
    ],
    ['in: http://a:1\nin: http://b:1\n', 2, 'the text: found Map keys must be unique'],
    ['in: [\n', 2, 'the text: found '],
  ])('names file, line and field: %j', (text, line, message) => {
    const path = file('tp.yaml', text);
    const found = flaw('--config', path);
    expect(found.startsWith(`${path}:${line}: ${message}`), found).toBe(true);
    expect(found).not.toContain('\n');
  });

  it('names a file that is no mapping, or cannot be read', () => {
    const path = file('tp.yaml', '- a\n');
    expect(flaw('--config', path)).toBe(
      `${path}:1: the file: found ["a"], expected a mapping of settings`,
    );
    expect(flaw('--config', '/nowhere.yaml')).toBe('/nowhere.yaml: cannot be read: ENOENT');
  });

  it('lets a flag win over a variable, and a variable over the file', () => {
    const yaml = file('tp.yaml', 'in: http://a:1\nout: http://file:1\ntimeout: 1\nlinks: 1\n');
    const environment = {
      TP_PROXY_CONFIG: yaml,
      TP_PROXY_OUT: 'http://variable:1,http://variable:2',
      TP_PROXY_TIMEOUT: '2',
      TP_PROXY_LINKS: '2',
      TP_PROXY_GET_ONLY: 'true',
      TP_PROXY_TOKEN: '123',
      // As Kubernetes sets it for a service that is named tp-proxy.
      TP_PROXY_PORT: 'tcp://10.0.0.1:80',
    };
    const command = readCommand(['--links', '3'], environment);
    expect(command).toMatchObject({
      config: {
        listeners: [{ address: { host: 'a' }, getOnly: true }],
        groups: [{ timeoutMs: 2, links: 3, token: '123' }],
      },
    });
    expect(command.kind === 'run' && command.config.groups[0]?.members).toMatchObject([
      { address: { host: 'variable', port: 1 } },
      { address: { host: 'variable', port: 2 } },
    ]);
    expect(() => readCommand([...IN, ...OUT], { TP_PROXY_LINKS: 'many' })).toThrow(
      'TP_PROXY_LINKS: found "many", expected a whole number',
    );
  });

  it('takes --in for all listeners of a file, and --out for all its groups and routes', () => {
    const yaml = file(
      'tp.yaml',
      'listeners: [{ url: unix:/a }]\ngroups: { web: { members: [unix:/b] } }\nroutes: [{ group: web }]\n',
    );
    expect(config('--config', yaml, ...IN).listeners).toMatchObject([{ address: { port: 0 } }]);
    expect(config('--config', yaml, ...OUT)).toMatchObject({
      listeners: [{ address: { path: '/a' } }],
      groups: [{ members: [{ address: { port: 8080 } }] }],
      routes: [{ path: '/', host: undefined }],
    });
  });

  it('gives listeners and groups what is general where they say nothing of their own', () => {
    const yaml = file(
      'tp.yaml',
      `
timeout: 1000
max-body: 10
codec: none
tls-cert: cert.pem
tls-key: key.pem
listeners:
  - url: https://127.0.0.1:1
    max-body: 20
  - url: teleports://127.0.0.1:2
    codec: [deflate]
    tls: { certificates: [{ cert: cert.pem, key: key.pem }] }
    tokens: [one, two]
groups:
  web:
    members: ['http://127.0.0.1:3', { url: 'unix:/a', weight: 4 }]
    timeout: 5
  far:
    members: ['teleports+srv://_tp._tcp.far.example']
    tls: { names: [far.example] }
routes:
  - { host: '*.Far.example', group: far }
  - { path: /a, group: web }
`,
    );
    writeFileSync(join(dirname(yaml), 'cert.pem'), CERTIFICATE);
    writeFileSync(join(dirname(yaml), 'key.pem'), KEY);
    const pair = { cert: CERTIFICATE, key: KEY };
    expect(config('--config', yaml)).toMatchObject({
      listeners: [
        { maxBodyBytes: 20, codecs: ['none'], tls: { certificates: [pair] }, tokens: undefined },
        { maxBodyBytes: 10, codecs: ['deflate'], tokens: ['one', 'two'] },
      ],
      groups: [
        { name: 'web', timeoutMs: 5, tls: pair, members: [{ weight: 1 }, { weight: 4 }] },
        { name: 'far', timeoutMs: 1000, tls: { names: ['far.example'] } },
      ],
      routes: [
        { host: '*.far.example', path: '/', group: 'far' },
        { host: undefined, path: '/a', group: 'web' },
      ],
    });
  });

  it('has an example that is right, and names its schema', () => {
    expect(EXAMPLE).toMatch(/^# yaml-language-server: \$schema=https:\S+schema\.json\n/);
    checkFile(file('tp.yaml', EXAMPLE));
    // All that is commented out can be taken in as well.
    const settings = EXAMPLE.slice(EXAMPLE.indexOf('\n'));
    const whole = settings.replaceAll(/^( *)# ( *(?:[a-z-]+:|-) ?.*)$/gm, '$1$2');
    const path = file('tp.yaml', whole);
    const names = ['first.pem', 'first.key', 'second.pem', 'second.key', 'clients.pem'];
    for (const name of [...names, 'authority.pem', 'own.pem', 'own.key']) {
      writeFileSync(join(dirname(path), name), name.endsWith('key') ? KEY : CERTIFICATE);
    }
    writeFileSync(join(dirname(path), 'tickets.bin'), Buffer.alloc(48));
    checkFile(path);
  });

  it('is described by the JSON Schema of the package (npm run schema)', () => {
    const published = JSON.parse(
      readFileSync(new URL('../../schema.json', import.meta.url), 'utf8'),
    );
    expect(published).toEqual(JSON.parse(JSON.stringify(fileJsonSchema())));
    expect(published.properties.timeout).toMatchObject({ type: 'number', minimum: 1 });
    expect(published.properties.in.anyOf).toMatchObject([{ type: 'string' }, { type: 'array' }]);
  });
});
