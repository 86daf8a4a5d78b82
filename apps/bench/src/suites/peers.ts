import { join } from 'node:path';
import type { Case } from '../measure/case.ts';
import { type Contender, type Effort, measureInterleaved } from '../measure/interleaved.ts';
import { PEERS } from '../peers/peers.ts';
import type { NotMeasured, Result, Version } from '../report/report.ts';
import { packageVersion } from '../versions.ts';
import { peersRatios } from './peers-ratios.ts';
import type { Suite } from './suite.ts';

const WORKER = join(import.meta.dirname, '../measure/worker.js');
const QUICK: Effort = { rounds: 3, seconds: 0.2, warmupSeconds: 1.2 };
const FULL: Effort = { rounds: 9, seconds: 1, warmupSeconds: 3 };

/**
 * What Node services use today, against tp: undici before `node:http`, `node:http2`, gRPC. Client and
 * server share one process and one core; every answer is checked.
 */
export const peers: Suite = async ({ quick, progress }) => {
  const results: Result[] = [];
  const notMeasured: NotMeasured[] = [];
  const { versions, missing } = whoIsThere();
  for (const group of groups(quick)) {
    const contenders = group.flatMap((measured) => contendersFor(measured, missing));
    const outcomes = await measureInterleaved(
      contenders,
      quick ? QUICK : FULL,
      (contender, turn, turns) =>
        progress(`${group[0]?.name}: turn ${turn} of ${turns}, ${contender.system}`),
    );
    for (const outcome of outcomes) {
      const { system, case: measured } = outcome.contender;
      const { name, codec, tls, callers } = measured;
      if ('why' in outcome) notMeasured.push({ system, why: `${name}: ${outcome.why}` });
      else results.push({ system, case: name, codec, tls, callers, ...outcome.figures });
    }
  }
  return {
    results,
    ratios: peersRatios(results),
    notMeasured: [...[...missing].map(([system, why]) => ({ system, why })), ...notMeasured],
    versions,
  };
};

/** Cases that are measured in turns: tp's, and where its codec is `none` the peers' too. */
function groups(quick: boolean): Case[][] {
  const get = (callers: number) => [makeCase('get', 'none', callers)];
  const rtb = [makeCase('rtb', 'none', 100), makeCase('rtb', 'zstd', 100)];
  return quick ? [get(100), rtb] : [get(1), get(100), get(1000), rtb];
}

function makeCase(traffic: Case['traffic'], codec: Case['codec'], callers: number): Case {
  const name = `${traffic}/${codec === 'none' ? 'none' : 'compressed'}/${callers}`;
  return { name, traffic, codec, tls: false, callers, delayMs: 0 };
}

function contendersFor(measured: Case, missing: ReadonlyMap<string, string>): Contender[] {
  const one = (worker: string, system: string, variant: string): Contender => ({
    system,
    case: variant === '' ? measured : { ...measured, name: `${measured.name}/${variant}` },
    command: { file: process.execPath, args: [WORKER, worker, JSON.stringify(measured)] },
    warmsUp: true,
  });
  const ours = one('tp', 'tp', '');
  if (measured.codec !== 'none') return [ours];
  const theirs = [...PEERS].filter(
    ([, { system, variant }]) =>
      !missing.has(system) && !(measured.callers === 1 && variant !== ''),
  );
  return [ours, ...theirs.map(([worker, { system, variant }]) => one(worker, system, variant))];
}

function whoIsThere(): { versions: Version[]; missing: Map<string, string> } {
  const versions = new Map([['node-http2', `nghttp2 ${process.versions.nghttp2}`]]);
  const missing = new Map<string, string>();
  for (const { system, needs } of PEERS.values()) {
    if (needs === undefined) continue;
    const version = packageVersion(needs);
    if (version === undefined) missing.set(system, `the package ${needs} is not installed`);
    else versions.set(system, version);
  }
  return {
    versions: [...versions].map(([system, version]) => ({ system, version })),
    missing,
  };
}
