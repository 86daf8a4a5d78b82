import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A peer that the kit starts as a process of its own. `--port N` is put behind its arguments. */
export interface Peer {
  readonly role: 'server' | 'client';
  /** Who it is, for people. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The program, which may not be there. */
  readonly file: string;
  /** The token that it asks for, or shows: the cases of W-024 alone are for it. */
  readonly token?: string;
}

const PYTHON = fileURLToPath(new URL('../../../peer-python/kit.py', import.meta.url));

/** Our peers, each with every codec that it has. */
export const PEERS: readonly Peer[] = [
  ...['zstd', 'deflate', 'none'].flatMap((codec) => [own('server', codec), own('client', codec)]),
  ...['deflate', 'none'].flatMap((codec) => [python('server', codec), python('client', codec)]),
  withToken(own('server', 'none')),
  withToken(own('client', 'none')),
];

/** Why a peer cannot be started; undefined when it can. */
export function whyNot({ file }: Peer): string | undefined {
  return existsSync(file) ? undefined : `${file} is not there`;
}

function withToken(peer: Peer): Peer {
  const token = 'a token of these tests';
  return { ...peer, name: 'tp, with a token', args: [...peer.args, '--token', token], token };
}

function own(role: Peer['role'], codec: string): Peer {
  const file = fileURLToPath(new URL(`../own-${role}.js`, import.meta.url));
  const name = `tp, ${codec}`;
  return { role, name, command: process.execPath, args: [file, '--codec', codec], file };
}

function python(role: Peer['role'], codec: string): Peer {
  const does = role === 'server' ? 'serve' : 'client';
  const args = [PYTHON, does, '--codec', codec];
  return { role, name: `Python, ${codec}`, command: 'python3', args, file: PYTHON };
}
