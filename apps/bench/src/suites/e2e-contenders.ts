import { join } from 'node:path';
import { type Case, EXCHANGES_PER_CASE, TRAFFIC_SEED } from '../measure/case.ts';
import type { Contender } from '../measure/interleaved.ts';
import type { Command } from '../measure/pinning.ts';
import type { NotMeasured } from '../report/report.ts';
import { buildRival, endToEndCommand } from '../rivals/httpteleport.ts';
import { makeTrafficFolder, writeTrafficFile } from '../traffic/file.ts';
import { makeExchanges, type TrafficKind } from '../traffic/kinds.ts';
import type { CaseGroup } from './e2e-cases.ts';

const WORKER = join(import.meta.dirname, '../measure/worker.js');

/** Who takes part, and who cannot. */
export interface Contenders {
  readonly contendersFor: (group: CaseGroup) => Contender[];
  readonly notMeasured: readonly NotMeasured[];
}

/** Builds what has to be built and says how each system of a group is started. */
export function e2eContenders(progress: (text: string) => void): Contenders {
  progress('building the httpteleport program (Go)');
  const rival = buildRival('endtoend');
  const files = trafficFiles();
  const ours = (system: string, measured: Case): Contender => ({
    system,
    case: measured,
    command: workerCommand(system, measured),
    warmsUp: true,
  });
  const theirs = (network: 'tcp' | 'memory', measured: Case): Contender[] => {
    if ('why' in rival) return [];
    const command = endToEndCommand(rival.path, network, measured, files(measured));
    const system = network === 'tcp' ? 'httpteleport' : 'httpteleport-memory';
    return [{ system, case: measured, command, warmsUp: false }];
  };
  return {
    contendersFor: (group) => [
      ...group.ours.map((measured) => ours('tp', measured)),
      ...(group.floor ? group.ours.slice(0, 1).map((measured) => ours('tp-floor', measured)) : []),
      ...group.theirs.flatMap((measured) => theirs('tcp', measured)),
      ...(group.memory ? group.theirs.flatMap((measured) => theirs('memory', measured)) : []),
    ],
    notMeasured:
      'why' in rival
        ? ['httpteleport', 'httpteleport-memory'].map((system) => ({ system, why: rival.why }))
        : [],
  };
}

function workerCommand(system: string, measured: Case): Command {
  return { file: process.execPath, args: [WORKER, system, JSON.stringify(measured)] };
}

/** Writes each kind of traffic once, when it is first asked for. */
function trafficFiles(): (measured: Case) => string | undefined {
  const paths = new Map<TrafficKind, string>();
  let folder: string | undefined;
  return ({ traffic }) => {
    if (traffic === 'get') return undefined;
    const known = paths.get(traffic);
    if (known !== undefined) return known;
    folder ??= makeTrafficFolder();
    const path = join(folder, `${traffic}.http`);
    writeTrafficFile(path, makeExchanges(traffic, TRAFFIC_SEED, EXCHANGES_PER_CASE));
    paths.set(traffic, path);
    return path;
  };
}
