import { spawnSync } from 'node:child_process';
import type { ClientCase, ServerCase } from '../case.ts';
import type { DriveOptions } from '../engine/drive-server.ts';
import { makeReport, type Report, skippedReport } from '../report.ts';
import { drivePeerClient, drivePeerServer } from './drive-peer.ts';
import { PEERS, type Peer, whyNot } from './peers.ts';

/** The cases of both roles. */
export interface Cases {
  readonly server: readonly ServerCase[];
  readonly client: readonly ClientCase[];
}

/** Drives our own peers one after the other; those that cannot be started here are named as skipped. */
export async function driveSelf(cases: Cases, options: DriveOptions): Promise<Report[]> {
  const reports: Report[] = [];
  for (const peer of PEERS) {
    const why = whyNot(peer) ?? missing(peer.command);
    reports.push(why === undefined ? await drive(peer, cases, options) : skipped(peer, why));
  }
  return reports;
}

async function drive(peer: Peer, cases: Cases, options: DriveOptions): Promise<Report> {
  const findings =
    peer.role === 'server'
      ? await drivePeerServer(peer, cases.server, options)
      : await drivePeerClient(peer, cases.client, options);
  return makeReport(peer.role, peer.name, findings);
}

function skipped(peer: Peer, why: string): Report {
  return skippedReport(peer.role, peer.name, why);
}

function missing(command: string): string | undefined {
  const { error } = spawnSync(command, ['--version'], { stdio: 'ignore' });
  return error === undefined ? undefined : `${command} cannot be run: ${error.message}`;
}
