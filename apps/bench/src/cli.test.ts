import { describe, expect, it } from 'vitest';
import { parseBenchArguments } from './cli.ts';

const suites = ['e2e', 'bytes'];

describe('the command line of the bench', () => {
  it('takes a suite and its options', () => {
    expect(
      parseBenchArguments(['e2e', '--quick', '--json', 'out.json', '--html', 'out.html'], suites),
    ).toEqual({
      suite: 'e2e',
      parts: [],
      quick: true,
      json: 'out.json',
      html: 'out.html',
    });
  });

  it('takes parts of a suite that has some, and no others', () => {
    const parts = new Map([['e2e', ['get', 'rtb']]]);
    expect(parseBenchArguments(['e2e', 'rtb', '--quick'], suites, parts)).toMatchObject({
      suite: 'e2e',
      parts: ['rtb'],
    });
    expect(parseBenchArguments(['e2e', 'rtb', 'rest'], suites, parts)).toEqual({
      complaint: 'e2e has no part "rest"; parts: get, rtb',
    });
  });

  it.each([
    [['peers'], 'there is no suite "peers"; suites: e2e, bytes'],
    [[], 'say which suite to run; suites: e2e, bytes'],
    [['e2e', 'bytes'], 'one suite at a time; found also "bytes"'],
    [['e2e', '--json'], "Option '--json <value>' argument missing"],
    [['e2e', '--fast'], "Unknown option '--fast'"],
  ])('complains about %j', (args, complaint) => {
    expect(parseBenchArguments(args, suites)).toEqual({
      complaint: expect.stringContaining(complaint),
    });
  });
});
