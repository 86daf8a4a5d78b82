import { describe, expect, it } from 'vitest';
import { makeReport, renderReport, skippedReport } from './report.ts';

const results = [
  { rule: 'W-100', name: 'a later one', ok: true, why: '' },
  { rule: 'W-017', name: 'an early one', ok: false, why: 'expected a; came b\n    at line 1' },
];

describe('a report', () => {
  it('counts what passed and what failed', () => {
    const report = makeReport('server', 'a peer', { results, omitted: 3 });
    expect(report).toMatchObject({
      role: 'server',
      peer: 'a peer',
      passed: 1,
      failed: 1,
      omitted: 3,
    });
    expect(report.cases).toEqual(results);
  });

  it('stands as a table by section, with the reasons, and a line that sums up', () => {
    const report = makeReport('client', 'a peer', { results, omitted: 3 });
    expect(renderReport(report).split('\n')).toEqual([
      '',
      'client a peer',
      '',
      '4. Envelope',
      '  FAIL  W-017  an early one',
      '               expected a; came b',
      '                   at line 1',
      '',
      '10. Time, cancel, life',
      '  pass  W-100  a later one',
      '',
      'client a peer: 2 cases, 1 passed, 1 failed; 3 need what it does not offer',
      '',
    ]);
  });

  it('says why nothing was run', () => {
    const report = skippedReport('server', 'Python', 'python3 is missing');
    expect(report).toMatchObject({
      passed: 0,
      failed: 0,
      cases: [],
      skipped: 'python3 is missing',
    });
    expect(renderReport(report)).toBe('server Python: skipped, python3 is missing\n');
  });
});
