import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Config, readCommand } from './config.ts';
import { ConfigError } from './config-error.ts';

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
    expect(config(...IN, ...OUT)).toMatchObject({
      codecs: ['zstd', 'deflate'],
      batchDelayMs: 0,
      timeoutMs: 30_000,
      headersTimeoutMs: 10_000,
      drainTimeoutMs: 30_000,
      maxBodyBytes: 2 ** 30,
      connections: 256,
      links: undefined,
      admin: undefined,
    });
  });

  it('takes several listeners and upstreams of every kind', () => {
    const { in: ins, out } = config(
      '--in=http://127.0.0.1:0',
      '--in=unix:/tmp/a',
      '--in=teleport://[::1]:1',
      '--in=teleport+unix:/tmp/b',
      '--out=http://a.example,https://b.example,unix:/tmp/c,teleports://c.example:3',
    );
    expect(ins.map(({ kind }) => kind)).toEqual(['http', 'http-unix', 'teleport', 'teleport-unix']);
    expect(out).toMatchObject([
      { kind: 'http', tls: false, port: 80 },
      { kind: 'http', tls: true, port: 443 },
      { kind: 'http-unix', path: '/tmp/c' },
      { kind: 'teleport', tls: true, host: 'c.example', port: 3 },
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
    expect(config(...IN, '--out=teleport://10.0.0.1:1', '--insecure').out).toHaveLength(1);
    expect(config(...IN, '--out=teleport://localhost:1').out).toHaveLength(1);
    expect(config('--in=http://0.0.0.0:1', ...OUT).in).toHaveLength(1);
  });

  it('reads YAML and JSON, and lets flags win', () => {
    const yaml = file(
      'tp.yaml',
      'in: http://127.0.0.1:0\nout:\n  - http://a:1\n  - http://b:1\ntimeout: 5\n',
    );
    expect(config('--config', yaml)).toMatchObject({
      timeoutMs: 5,
      out: [{ host: 'a' }, { host: 'b' }],
    });
    expect(config('--config', yaml, '--timeout', '7', ...OUT)).toMatchObject({
      timeoutMs: 7,
      out: [{ port: 8080 }],
    });
    const json = file(
      'tp.json',
      '{"in": "http://127.0.0.1:0", "out": "http://a:1", "insecure": true}',
    );
    expect(config('--config', json).out).toHaveLength(1);
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
      'out: found "gopher://c", expected',
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
      'out: found "teleport://10.0.0.1:1", expected teleports',
    ],
    ['in: http://a:1\nin: http://b:1\n', 2, 'Map keys must be unique'],
    ['in: [\n', 2, ''],
  ])('names file, line and field: %j', (text, line, message) => {
    const path = file('tp.yaml', text);
    const found = flaw('--config', path);
    expect(found.startsWith(`${path}:${line}: ${message}`), found).toBe(true);
    expect(found).not.toContain('\n');
  });

  it('names a file that is no mapping, or cannot be read', () => {
    const path = file('tp.yaml', '- a\n');
    expect(flaw('--config', path)).toBe(`${path}: found ["a"], expected a mapping of settings`);
    expect(flaw('--config', '/nowhere.yaml')).toBe('--config: cannot read /nowhere.yaml: ENOENT');
  });
});
