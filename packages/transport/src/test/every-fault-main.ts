import { everyCut, everyFlip, runFaults } from './every-fault.ts';

// A process of its own for the bench: `every-fault-main.ts CODEC SHARE` cuts at every byte and turns
// over every bit, or each SHARE-th of either. It prints {"done":N,"of":M} as it goes, and at the end
// {"cases":N,"outcomes":{…},"violations":[…]}.
const [codec, share = '1'] = process.argv.slice(2);
if (codec !== 'none' && codec !== 'deflate' && codec !== 'zstd') {
  throw new Error(`found the codec ${codec}; expected none, deflate or zstd`);
}
const all = [...(await everyCut(codec)), ...(await everyFlip(codec))];
const faults = all.filter((_, i) => i % Number(share) === 0);
const { cases, outcomes, violations } = await runFaults(codec, faults, (done) => {
  if (done % 1000 === 0) print({ done, of: faults.length });
});
print({ cases, outcomes: Object.fromEntries(outcomes), violations });

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
