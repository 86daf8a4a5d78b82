import { describe, expect, it } from 'vitest';
import type { ServerCase } from '../case.ts';
import { clientCases } from '../client-cases/all.ts';
import { serverCases } from '../server-cases/all.ts';
import { mutants } from './all.ts';
import { driveMutants } from './drive.ts';
import type { Mutant } from './mutant.ts';
import { renderMutants } from './render.ts';
import { changed } from './workshop.ts';

const CASES = { server: serverCases, client: clientCases };
const OPTIONS = { timeoutMs: 10_000, done: () => {} };

/** Other words in an error, which break nothing. */
const HARMLESS: Mutant = {
  name: 'says the same in other words',
  rule: 'W-093',
  role: 'server',
  file: 'transport/dist/link/peer-pings.js',
  find: 'pings come too often',
  replace: 'pings come again and again',
};

/** A change that a case finds at once. */
const BROKEN: Mutant = {
  ...HARMLESS,
  file: 'transport/dist/link/link.js',
  find: 'encoder.pong(token)',
  replace: 'encoder.pong(1)',
};

const UNFAIR: ServerCase = {
  rule: 'W-093',
  name: 'what no server can do',
  run: () => Promise.reject(new Error('never enough')),
};

describe('the mutants', () => {
  it('have names of their own', () => {
    const names = mutants.map(({ role, name }) => `${role} ${name}`);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('are each caught by a case that names the rule', { timeout: 300_000 }, async () => {
    const reports = await driveMutants(mutants, CASES, OPTIONS);
    expect(reports.length).toBe(mutants.length);
    const survivors = reports.filter(({ failed }) => failed > 0);
    expect(survivors, renderMutants(survivors)).toEqual([]);
  });
});

describe('driving mutants', { timeout: 60_000 }, () => {
  it('fails for one that breaks nothing', async () => {
    const [report] = await driveMutants([HARMLESS], CASES, OPTIONS);
    expect(report).toMatchObject({ role: 'server', passed: 0, failed: 1, mutant: true });
    expect(report?.peer).toBe('mutant says the same in other words');
    expect(report?.cases).toEqual([
      { rule: 'W-093', name: 'no case catches it', ok: false, why: '' },
    ]);
  });

  it('takes no case for a proof that our own peer fails too', async () => {
    const cases = { server: [UNFAIR], client: [] };
    const [report] = await driveMutants([HARMLESS], cases, OPTIONS);
    expect(report).toMatchObject({ passed: 0, failed: 1 });
    expect(report?.cases[0]?.name).toBe(
      'W-093 what no server can do fails, but our own peer fails it too',
    );
  });

  it('takes no case of another rule for a proof', async () => {
    const [report] = await driveMutants([{ ...BROKEN, rule: 'W-017' }], CASES, OPTIONS);
    expect(report).toMatchObject({ passed: 0, failed: 1 });
    const [caught] = await driveMutants([BROKEN], CASES, OPTIONS);
    expect(caught).toMatchObject({ passed: 1, failed: 0 });
  });

  it('names a mutant that cannot be made, and goes on', async () => {
    const gone = { ...HARMLESS, name: 'is out of date', find: 'what stands there no more' };
    const reports = await driveMutants([gone, BROKEN], CASES, OPTIONS);
    expect(reports.map(({ failed }) => failed)).toEqual([1, 0]);
    expect(renderMutants(reports)).toContain(
      'the mutant "is out of date" cannot be made: what stands there no more stands 0 times',
    );
  });
});

describe('a change', () => {
  const mutant = { ...HARMLESS, find: 'a.b', replace: '$&' };

  it('is made in one place, to the letter', () => {
    expect(changed(mutant, 'x a.b y')).toBe('x $& y');
  });

  it.each([
    ['axb', '0 times'],
    ['', '0 times'],
    ['a.b a.b', '2 times'],
    ['a.b a.b a.b', '3 times'],
  ])('is refused in %j', (code, count) => {
    expect(() => changed(mutant, code)).toThrow(count);
  });
});
