import { beforeAll, expect, test } from 'vitest';
import { comparable } from './must-differ.ts';
import { type Compared, compare } from './oracle.ts';
import { plans } from './plans.ts';

const count = Number(process.env.ORACLE_EXCHANGES ?? 1000);
const seed = Number(process.env.ORACLE_SEED ?? 1);

let compared: readonly Compared[] = [];

beforeAll(async () => {
  compared = await compare(plans(count, seed));
}, 600_000);

test(`${count} exchanges of seed ${seed} are seen alike over HTTP and over tp`, () => {
  expect(compared).toHaveLength(count);
  for (const { plan, http, tp } of compared) {
    expect({ plan, seen: comparable(tp) }).toEqual({ plan, seen: comparable(http) });
  }
});

test('the exchanges end in every way, at every hand', () => {
  const found = new Set<string>();
  for (const { plan, http } of compared) {
    found.add(http.phase).add(plan.leave).add(`cut ${plan.answered.cut}`);
    found.add(plan.asked.body.kind).add(plan.answered.coding);
    for (const error of http.error) found.add(error.split(':')[0] ?? '');
    if (http.redirected) found.add('redirected');
  }
  const phases = ['before the head', 'in the body', 'whole', 'cancelled'];
  const leaves = ['before it asks', 'once it has asked', 'at the head', 'by cancelling'];
  const cuts = ['cut before the head', 'cut at the head', 'cut in the body'];
  const bodies = ['none', 'text', 'bytes', 'blob', 'form', 'params', 'stream'];
  const codings = ['gzip', 'br', 'deflate', 'broken gzip'];
  const errors = ['TypeError', 'Left', 'BrokenOff', 'redirected'];
  expect([...found]).toEqual(
    expect.arrayContaining([phases, leaves, cuts, bodies, codings, errors].flat()),
  );
  expect(found).not.toContain('hung');
});
