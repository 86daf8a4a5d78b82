import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lastWords } from '../last-words.ts';
import type { Case } from '../measure/case.ts';
import type { Command } from '../measure/pinning.ts';
import type { Version } from '../report/report.ts';

const FOLDER = join(import.meta.dirname, '../../rivals/httpteleport');
const BIN = join(FOLDER, 'bin');
const SOURCES = {
  endtoend: [
    'cmd/endtoend/main.go',
    'cmd/endtoend/link.go',
    'cmd/endtoend/run.go',
    'cmd/endtoend/get.go',
    'cmd/endtoend/certificate.go',
    'traffic/traffic.go',
    'go.mod',
  ],
  flatebytes: ['cmd/flatebytes/main.go', 'traffic/traffic.go', 'go.mod'],
  httptp: ['go.mod'],
} as const;
/** A program of the module's own is built from there. */
const HTTPTP = 'github.com/valyala/httpteleport/cmd/httptp';
const BUILD_PATIENCE_MS = 180_000;

/** A Go program of ours: a path once it is built, or why it could not be. */
export type Built = { readonly path: string } | { readonly why: string };

/**
 * Builds one of the Go programs, unless a newer build is there: `endtoend` measures the module
 * github.com/valyala/httpteleport, `flatebytes` counts what its flate and snappy streams take, `httptp`
 * is the proxy that comes with it. Go fetches the
 * modules through its own proxy; the versions that it picks stay in `bin/`, away from the sources.
 */
export function buildRival(program: keyof typeof SOURCES): Built {
  const path = join(BIN, program);
  if (isFresh(path, SOURCES[program])) return { path };
  if (spawnSync('go', ['version']).status !== 0) {
    return { why: 'the go command is not installed' };
  }
  mkdirSync(BIN, { recursive: true });
  for (const file of ['go.mod', 'go.sum']) copyFileSync(join(FOLDER, file), join(BIN, file));
  const built = spawnSync(
    'go',
    [
      'build',
      `-modfile=${join(BIN, 'go.mod')}`,
      '-o',
      path,
      program === 'httptp' ? HTTPTP : `./cmd/${program}`,
    ],
    {
      cwd: FOLDER,
      env: { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' },
      encoding: 'utf8',
      timeout: BUILD_PATIENCE_MS,
    },
  );
  if (built.status === 0) return { path };
  return { why: whyNot(built.stderr ?? '') };
}

function whyNot(stderr: string): string {
  const refused = /module (\S+): reading \S+: (\d{3} \w+)/.exec(stderr);
  if (refused !== null) {
    return `the Go module proxy does not serve ${refused[1]} (${refused[2]}); no ratio against it`;
  }
  return `go build failed: ${lastWords(stderr) || 'it took too long'}`;
}

/** How to start `endtoend` for a case. */
export function endToEndCommand(
  path: string,
  network: 'tcp' | 'memory',
  measured: Case,
  trafficFile: string | undefined,
): Command {
  const args = [
    `-callers=${measured.callers}`,
    `-delay=${measured.delayMs}ms`,
    `-compression=${measured.codec}`,
    `-tls=${measured.tls}`,
    `-net=${network}`,
  ];
  if (trafficFile !== undefined) args.push(`-traffic=${trafficFile}`);
  return { file: path, args, env: { GOMAXPROCS: '1' } };
}

/** What `flatebytes` counts. */
export interface FlateBytes {
  readonly request: number;
  readonly response: number;
}

/** Bytes of httpteleport's streams for a traffic file, in batches of `batch`. @throws {Error} when the program fails. */
export function countFlateBytes(
  path: string,
  trafficFile: string,
  batch: number,
  compression: 'flate' | 'snappy',
): FlateBytes {
  const args = [`-traffic=${trafficFile}`, `-batch=${batch}`, `-compression=${compression}`];
  const run = spawnSync(path, args, { encoding: 'utf8' });
  const found: unknown = run.status === 0 ? JSON.parse(run.stdout) : undefined;
  if (
    typeof found === 'object' &&
    found !== null &&
    'requestWireBytes' in found &&
    'responseWireBytes' in found
  ) {
    return { request: Number(found.requestWireBytes), response: Number(found.responseWireBytes) };
  }
  throw new Error(`flatebytes failed: ${lastWords(run.stderr ?? '')}`);
}

/** Which version of a Go module the programs were built with; undefined before one was built, and where none has it. */
function moduleVersion(module: string): string | undefined {
  const file = join(BIN, 'go.mod');
  if (!existsSync(file)) return undefined;
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((text) => text.includes(` ${module} `) || text.includes(`\t${module} `));
  return line === undefined ? undefined : /\sv(\d\S*)/.exec(line)?.[1];
}

/** Those of the modules that httpteleport is made of, as far as they are known. */
export function rivalVersions(): Version[] {
  return ['httpteleport', 'fasthttp'].flatMap((name) => {
    const version = moduleVersion(`github.com/valyala/${name}`);
    return version === undefined ? [] : [{ system: name, version }];
  });
}

function isFresh(path: string, sources: readonly string[]): boolean {
  if (!existsSync(path)) return false;
  const builtMs = statSync(path).mtimeMs;
  return sources.every((source) => statSync(join(FOLDER, source)).mtimeMs <= builtMs);
}
