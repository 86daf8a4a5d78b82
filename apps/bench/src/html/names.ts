import type { Tone } from '@tp/savings/html';
import { short } from '@tp/savings/html';
import type { Result } from '../report/report.ts';

const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ['tp-floor', 'bare echo, same bytes'],
  ['http1', 'HTTP/1.1'],
  ['gzip-bodies', 'HTTP/1.1, gzip per body'],
  ['http2', 'HTTP/2 (HPACK)'],
  ['ssh', 'HTTP/1.1 over ssh -C'],
  ['offline', 'zstd -19 --long, offline'],
  ['hpack', 'HPACK'],
  ['httpteleport', 'httpteleport (Go)'],
  ['httpteleport-memory', 'httpteleport, no sockets'],
  ['undici', 'undici, HTTP/1.1'],
  ['node-http2', 'node:http2'],
  ['grpc-js', 'gRPC (grpc-js)'],
  ['nginx', 'nginx pair'],
  ['haproxy', 'HAProxy pair'],
  ['nothing', 'no proxy at all'],
  ['link', "the link's rate"],
]);
const TRAFFIC: ReadonlyMap<string, string> = new Map([
  ['get', 'small GET'],
  ['rtb', 'OpenRTB bid requests'],
  ['rest', 'JSON API'],
]);

/** Limits that nobody passes, and what everybody starts from. */
const LIMITS = new Set(['tp-floor', 'offline', 'link']);
const BASES = new Set(['http1', 'nothing']);

/** A system as people call it. */
export function systemName(system: string): string {
  return SYSTEMS.get(system) ?? system;
}

/** A kind of traffic in words. */
export function trafficName(kind: string): string {
  return TRAFFIC.get(kind) ?? kind;
}

/** The colour of a result: ours with the default codec or without any stands out. */
export function toneOf({ system, codec }: Pick<Result, 'system' | 'codec'>, best: boolean): Tone {
  if (LIMITS.has(system)) return 'limit';
  if (BASES.has(system)) return 'base';
  if (system !== 'tp') return 'rival';
  return best || codec === undefined ? 'ours' : 'ours-soft';
}

/** With a capital letter, as titles begin. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A time that is given in µs. */
export function timeText(us: number): string {
  if (us >= 999.5) return `${short(us / 1000)} ms`;
  return `${short(us)} µs`;
}

/** A codec as people call it. */
export function codecText({ codec }: Pick<Result, 'codec'>): string {
  return codec === undefined ? '' : codec === 'none' ? 'no codec' : codec;
}
