import { join } from 'node:path';
import type { NotMeasured, Result, Version } from '../report/report.ts';
import { buildRival } from '../rivals/httpteleport.ts';
import { makeTrafficFolder } from '../traffic/file.ts';
import { haproxyPair, nginxPair, nginxService } from './configurations.ts';
import { ANSWER } from './loads.ts';
import { freePorts } from './ports.ts';
import { Program, programVersion } from './program.ts';

/** A way from the load to the service, standing. */
export interface Stand {
  readonly system: string;
  readonly codec?: Result['codec'];
  /** Where the load goes. */
  readonly port: number;
  /** What stands between load and service. */
  readonly programs: readonly Program[];
}

/** All ways that can be had here, and the service behind them. */
export interface Stands {
  readonly stands: readonly Stand[];
  readonly notMeasured: readonly NotMeasured[];
  readonly versions: readonly Version[];
  stop(): Promise<void>;
}

const PROXY = join(import.meta.dirname, '../../../proxy/dist/main.js');

/**
 * Starts nginx as the service, and before it our pair, nginx and HAProxy as pairs, and the Go pair.
 *
 * @returns why not, where nginx or wrk is missing: without them there is nothing to measure.
 */
export async function openStands(): Promise<Stands | { readonly why: string }> {
  const found = new Map([
    ['nginx', programVersion('nginx', '-v')],
    ['wrk', programVersion('wrk', '-v')],
    ['haproxy', programVersion('haproxy', '-v')],
  ]);
  for (const needed of ['nginx', 'wrk']) {
    if (found.get(needed) === undefined) return { why: `${needed} is not installed` };
  }
  const programs: Program[] = [];
  const stop = async () => {
    await Promise.all(programs.map((program) => program.stop()));
  };
  const start = (name: string, args: readonly string[]): Program => {
    const program = new Program(name, args);
    programs.push(program);
    return program;
  };
  try {
    const { stands, notMeasured } = await startAll(start, found.get('haproxy') !== undefined);
    const versions = [...found].flatMap(([system, version]) =>
      version === undefined ? [] : [{ system, version }],
    );
    return { stands, notMeasured, versions, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  start: (name: string, args: readonly string[]) => Program,
  hasHaproxy: boolean,
): Promise<{ stands: Stand[]; notMeasured: NotMeasured[] }> {
  const folder = makeTrafficFolder();
  const [service = 0] = await freePorts(1);
  const text = String(ANSWER).replaceAll("'", "\\'");
  await start('nginx', nginxService(join(folder, 'service'), service, text)).listensAt(service);
  const stands: Stand[] = [{ system: 'nothing', port: service, programs: [] }];
  const notMeasured: NotMeasured[] = [];
  stands.push(
    await pair('tp', 'zstd', (near, far) => [
      start(process.execPath, [
        ...[PROXY, '--in', `teleport://127.0.0.1:${far}`],
        ...['--out', `http://127.0.0.1:${service}`],
      ]),
      start(process.execPath, [
        ...[PROXY, '--in', `http://127.0.0.1:${near}`],
        ...['--out', `teleport://127.0.0.1:${far}`],
      ]),
    ]),
    await pair('nginx', undefined, (near, far) => [
      start('nginx', nginxPair(join(folder, 'nginx'), near, far, service)),
    ]),
  );
  if (!hasHaproxy) notMeasured.push({ system: 'haproxy', why: 'haproxy is not installed' });
  else {
    stands.push(
      await pair('haproxy', undefined, (near, far) => [
        start('haproxy', haproxyPair(join(folder, 'haproxy'), near, far, service)),
      ]),
    );
  }
  const httptp = buildRival('httptp');
  if ('why' in httptp) notMeasured.push({ system: 'httptp', why: httptp.why });
  else {
    const [nearMetrics, farMetrics] = await freePorts(2);
    stands.push(
      await pair('httptp', 'flate', (near, far) => [
        start(httptp.path, [
          ...['-inType=teleport', `-in=127.0.0.1:${far}`, '-outType=http'],
          ...[`-out=127.0.0.1:${service}`, `-expvarAddr=127.0.0.1:${farMetrics}`],
        ]),
        start(httptp.path, [
          ...['-inType=http', `-in=127.0.0.1:${near}`, '-outType=teleport'],
          ...[`-out=127.0.0.1:${far}`, `-expvarAddr=127.0.0.1:${nearMetrics}`],
        ]),
      ]),
    );
  }
  return { stands, notMeasured };
}

async function pair(
  system: string,
  codec: Result['codec'],
  open: (near: number, far: number) => readonly Program[],
): Promise<Stand> {
  const [near = 0, far = 0] = await freePorts(2);
  const programs = open(near, far);
  const [first] = programs;
  await first?.listensAt(far);
  await programs.at(-1)?.listensAt(near);
  return { system, ...(codec === undefined ? {} : { codec }), port: near, programs };
}
