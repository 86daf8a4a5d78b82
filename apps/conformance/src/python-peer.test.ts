import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { clientCases } from './client-cases/all.ts';
import { drivePeerClient, drivePeerServer } from './self/drive-peer.ts';
import { PEERS } from './self/peers.ts';
import { serverCases } from './server-cases/all.ts';

const OPTIONS = { timeoutMs: 30_000, done: () => {} };
const folder = fileURLToPath(new URL('../../peer-python', import.meta.url));
const hasPython =
  spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0;
const peers = PEERS.filter(({ name }) => name.startsWith('Python'));

describe(`the Python peer${hasPython ? '' : ' (skipped: there is no Python 3.11)'}`, {
  timeout: 300_000,
  skip: !hasPython,
}, () => {
  it('passes its own tests', () => {
    execFileSync('python3', ['-m', 'unittest', 'discover', '-q', folder], { cwd: folder });
  });

  it.each(peers)('passes every case as a $role ($name)', async (peer) => {
    const { results } =
      peer.role === 'server'
        ? await drivePeerServer(peer, serverCases, OPTIONS)
        : await drivePeerClient(peer, clientCases, OPTIONS);
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results.length).toBeGreaterThan(150);
  });
});
