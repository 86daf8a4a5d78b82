import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What curl received. */
export interface CurlAnswer {
  /** Status lines and fields of the heads, 1xx included, hop-by-hop fields taken out. */
  readonly heads: readonly (readonly string[])[];
  /** Fields that were taken out, by their names in lower case. */
  readonly hopByHop: readonly string[];
  /** The body as it stands on the wire, latin1: chunked ones with their framing. */
  readonly raw: string;
  /** The body, its chunks joined. */
  readonly body: string;
}

/** What may differ with and without the pair, and why. */
export const HOP_BY_HOP: Readonly<Record<string, string>> = {
  connection: 'it speaks of one connection (RFC 9110 section 7.6.1), and each hop has its own',
  'keep-alive': 'how long one hop keeps an idle connection',
  'transfer-encoding': 'the framing of one hop; that there is one is compared, its place is not',
};

/** Runs curl with these arguments against a URL, and takes what came apart. */
export async function curl(url: string, args: readonly string[] = []): Promise<CurlAnswer> {
  const received = await curlBytes(['--http1.1', '-i', '--raw', ...args, url]);
  const heads: string[][] = [];
  const hopByHop: string[] = [];
  let at = 0;
  let isChunked = false;
  do {
    const end = received.indexOf('\r\n\r\n', at);
    if (end < 0) throw new Error(`no head in ${received.slice(0, 200)}`);
    const lines = received.slice(at, end).split('\r\n');
    at = end + 4;
    isChunked = lines.some((line) => /^transfer-encoding: *chunked$/i.test(line));
    heads.push(lines.filter((line, index) => index === 0 || !takenOut(line, hopByHop)));
  } while (/^HTTP\/1\.1 1\d\d /.test(heads.at(-1)?.[0] ?? ''));
  const raw = received.slice(at);
  return { heads, hopByHop, raw, body: isChunked ? joined(raw) : raw };
}

/** Runs curl and resolves with what it printed, latin1. */
export async function curlBytes(args: readonly string[]): Promise<string> {
  const child = spawn('curl', ['-sS', '--noproxy', '*', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const bytes = Buffer.concat(await child.stdout.toArray());
  const [code] = await exited;
  if (code !== 0) throw new Error(`curl ended with ${code}: ${args.join(' ')}`);
  return bytes.toString('latin1');
}

function takenOut(line: string, names: string[]): boolean {
  const name = line.slice(0, line.indexOf(':')).toLowerCase();
  if (HOP_BY_HOP[name] === undefined) return false;
  names.push(name);
  return true;
}

function joined(raw: string): string {
  let body = '';
  let at = 0;
  for (;;) {
    const lineEnd = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.slice(at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) throw new Error('a chunk has no size');
    if (size === 0) return body;
    body += raw.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
