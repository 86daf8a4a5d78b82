import { describe, expect, test } from 'vitest';
import { Tenant } from '../window/tenants.ts';
import { Lanes } from './lanes.ts';

const a = new Tenant(0);
const b = new Tenant(0);

/** Serves one head at a time until nothing waits; gives them in the order in which they went. */
function served(lanes: Lanes<string>): string[] {
  const order: string[] = [];
  for (let left = lanes.heads; left > 0; left--) {
    for (const lane of lanes.inTurn()) {
      const head = lane.heads.shift();
      if (head !== undefined) order.push(head);
      lanes.served(lane, head !== undefined);
      if (head !== undefined) break;
    }
  }
  return order;
}

function filled(): Lanes<string> {
  const lanes = new Lanes<string>();
  for (const i of [1, 2, 3]) {
    lanes.of(undefined).heads.push(`shared ${i}`);
    lanes.of(a).heads.push(`a ${i}`);
    lanes.of(b).heads.push(`b ${i}`);
  }
  return lanes;
}

describe('lanes', () => {
  test('take turns; each second turn is the shared one', () => {
    const lanes = filled();
    expect(lanes.isShared).toBe(false);
    expect(served(lanes)).toEqual([
      ...['shared 1', 'a 1', 'shared 2', 'b 1', 'shared 3', 'a 2', 'b 2', 'a 3', 'b 3'],
    ]);
    expect(lanes.isShared).toBe(true);
  });

  test('of tenants go first when what is last of all stands in the shared one', () => {
    const lanes = filled();
    lanes.sharedIsLast = true;
    lanes.shared.heads.push('goodbye');
    expect(served(lanes)).toEqual([
      ...['a 1', 'b 1', 'a 2', 'b 2', 'a 3', 'b 3', 'shared 1', 'shared 2', 'shared 3', 'goodbye'],
    ]);
  });

  test('make room where most waits', () => {
    const lanes = filled();
    expect(lanes.longest()).toBe(lanes.shared);
    lanes.of(b).heads.push('b 4');
    expect(lanes.longest()).toBe(lanes.of(b));
  });

  test('give all that waits, and can be looked through', () => {
    const lanes = filled();
    const seen: string[] = [];
    lanes.eachHead((head) => seen.push(head));
    expect(seen).toHaveLength(9);
    expect(lanes.heads).toBe(9);
    expect(lanes.takeHeads().toSorted()).toEqual(seen.toSorted());
    expect(lanes.heads).toBe(0);
  });
});
