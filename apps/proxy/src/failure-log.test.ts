import { TpError } from '@tp/wire';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createFailureLog } from './failure-log.ts';

describe('failure log', () => {
  it('says the first of a kind, and how many more there were', () => {
    const lines: { msg: string; code: string; count?: number }[] = [];
    const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) });
    let flush = (): void => undefined;
    const failures = createFailureLog(log, (callback) => {
      flush = callback;
    });
    const timeout = new TpError({ code: 'TIMEOUT', message: 'late' });
    const lost = new TpError({ code: 'LINK_LOST', message: 'gone' });
    for (let i = 0; i < 1000; i++) failures.add(timeout, 'a');
    failures.add(lost, 'a');
    failures.add(timeout, 'b');
    failures.add(new TpError({ code: 'CANCEL', message: 'the client left' }), 'a');
    expect(lines.map(({ msg, code }) => `${msg} ${code}`)).toEqual([
      'request failed TIMEOUT',
      'request failed LINK_LOST',
      'request failed TIMEOUT',
    ]);
    flush();
    expect(lines.slice(3)).toMatchObject([
      { msg: 'further requests failed', code: 'TIMEOUT', upstream: 'a', count: 999 },
    ]);
    failures.add(timeout, 'a');
    expect(lines).toHaveLength(5);
  });
});
