import { createInterface } from 'node:readline';
import { openFloor } from '../floor/floor.ts';
import { PEERS } from '../peers/peers.ts';
import { runSystem } from '../systems/run.ts';
import type { System } from '../systems/system.ts';
import { GET_EXCHANGE } from '../traffic/get.ts';
import { makeExchanges } from '../traffic/kinds.ts';
import { type Case, EXCHANGES_PER_CASE, parseCase, TRAFFIC_SEED } from './case.ts';

/** Server-side delay where the client has one, as in httpteleport's benchmark, in ms. */
const SERVER_DELAY_MS = 0.1;

// A process of its own for one system in one case: `worker.js SYSTEM CASE`. It prints {"ready":true},
// then a sample for each line {"seconds":S} on stdin, and ends when stdin does.
const [systemName, caseText] = process.argv.slice(2);
const measured = parseCase(caseText ?? '');
const system = await openSystem(systemName ?? '', measured);
await runSystem(system, measured.callers, 0.01);
print({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  print(await runSystem(system, measured.callers, secondsOf(line)));
}
await system.close();

async function openSystem(name: string, measured: Case): Promise<System> {
  if (name === 'tp-floor') return openFloor();
  if (measured.shape !== undefined) {
    const { openShape } = await import('../systems/shapes.ts');
    return openShape(measured.shape);
  }
  const exchanges =
    measured.traffic === 'get'
      ? [GET_EXCHANGE]
      : makeExchanges(measured.traffic, TRAFFIC_SEED, EXCHANGES_PER_CASE);
  const peer = PEERS.get(name);
  if (peer !== undefined) return peer.open(exchanges, measured.callers);
  if (name !== 'tp') throw new Error(`there is no system ${name} here`);
  const { openTpSystem } = await import('../systems/tp.ts');
  const { codec, tls, delayMs } = measured;
  if (codec === 'flate' || codec === 'snappy') throw new Error(`tp has no codec ${codec}`);
  const serverDelayMs = delayMs > 0 ? SERVER_DELAY_MS : 0;
  return openTpSystem({ codec, tls, clientDelayMs: delayMs, serverDelayMs }, exchanges);
}

function secondsOf(line: string): number {
  const order: unknown = JSON.parse(line);
  if (typeof order !== 'object' || order === null || !('seconds' in order)) {
    throw new Error(`expected {"seconds":S}; found ${line}`);
  }
  return Number(order.seconds);
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
