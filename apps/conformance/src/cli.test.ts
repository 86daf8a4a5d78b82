import { describe, expect, it } from 'vitest';
import { parseCommand, UsageError } from './cli.ts';

describe('the command line', () => {
  it('reads each command with its options', () => {
    expect(parseCommand(['server', '[::1]:7000', '--case', 'W-017', '--timeout', '100'])).toEqual({
      command: 'server',
      host: '::1',
      port: 7_000,
      json: undefined,
      pattern: 'W-017',
      timeoutMs: 100,
      token: undefined,
    });
    expect(parseCommand(['client', '--listen', '1', '--token', 'a b'])).toMatchObject({
      token: 'a b',
    });
    expect(parseCommand(['client', '--listen', '0', '--json', 'out.json'])).toMatchObject({
      command: 'client',
      port: 0,
      json: 'out.json',
      timeoutMs: 5_000,
    });
    expect(parseCommand(['self'])).toMatchObject({ command: 'self', pattern: '' });
    expect(parseCommand(['mutants'])).toMatchObject({ command: 'mutants', pattern: '' });
  });

  it.each([
    [],
    ['nonsense'],
    ['server'],
    ['server', 'nowhere'],
    ['server', ':80'],
    ['server', 'a:65536'],
    ['server', 'a:1', 'b:2'],
    ['server', 'a:1', '--listen', '2'],
    ['client'],
    ['client', 'a:1', '--listen', '2'],
    ['client', '--listen', 'x'],
    ['self', 'a:1'],
    ['mutants', 'a:1'],
    ['self', '--token', 'x'],
    ['self', '--unknown'],
    ['self', '--timeout', '-1'],
  ])('refuses %j %j %j %j', (...args) => {
    expect(() => parseCommand(args)).toThrow(UsageError);
  });
});
