import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { ClientCase, Findings, ServerCase } from '../case.ts';
import { ClientDriver } from '../engine/drive-client.ts';
import { type DriveOptions, driveServer } from '../engine/drive-server.ts';
import type { Peer } from './peers.ts';

const HOST = '127.0.0.1';
/** How long a peer may take to start, in ms. */
const START_MS = 10_000;
/** A free port may be taken by another process before a peer listens there. */
const ATTEMPTS = 3;

/** How a peer is driven that the kit starts itself. */
export interface PeerOptions extends DriveOptions {
  /** Ends the peer before its time: what is left of the cases fails then. */
  readonly signal?: AbortSignal;
}

/** Starts the server, drives it, and ends it. */
export async function drivePeerServer(
  peer: Peer,
  cases: readonly ServerCase[],
  options: PeerOptions,
): Promise<Findings> {
  const { port, child } = await startServer(peer, options);
  try {
    return await driveServer({ host: HOST, port }, cases, { ...options, token: peer.token });
  } finally {
    await end(child);
  }
}

/** Starts the server; again where somebody took its port before it did. */
async function startServer(
  peer: Peer,
  options: PeerOptions,
): Promise<{ port: number; child: ChildProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = start(peer, port, options);
    try {
      await listening(port, child);
      return { port, child };
    } catch (error) {
      await end(child);
      if (attempt === ATTEMPTS || child.exitCode === null) throw error;
    }
  }
}

/** Starts the client, drives it, and ends it. */
export async function drivePeerClient(
  peer: Peer,
  cases: readonly ClientCase[],
  options: PeerOptions,
): Promise<Findings> {
  const driver = await ClientDriver.listen(0, { ...options, token: peer.token });
  const child = start(peer, driver.port, options);
  try {
    return await Promise.race([driver.drive(cases), neverCame(child)]);
  } finally {
    driver.close();
    await end(child);
  }
}

function start({ command, args }: Peer, port: number, { signal }: PeerOptions): ChildProcess {
  return spawn(command, [...args, '--port', String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    signal,
    killSignal: 'SIGKILL',
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Rejects when the process could not be started, or has ended for a fault. */
async function neverCame(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit');
  if (code === 0) return new Promise<never>(() => {});
  throw new Error(`the client has ended with ${code}`);
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  let failed: unknown;
  child.once('error', (error) => {
    failed = error;
  });
  const giveUpAt = performance.now() + START_MS;
  while (!(await answers(port))) {
    if (failed !== undefined) throw failed;
    if (child.exitCode !== null) throw new Error(`the server has ended with ${child.exitCode}`);
    if (performance.now() > giveUpAt) throw new Error('the server does not listen');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: HOST, port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port }: Pick<AddressInfo, 'port'> = portOf(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

function portOf(address: AddressInfo | string | null): { port: number } {
  if (address !== null && typeof address === 'object') return address;
  throw new Error('no port was bound');
}
