import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fields, type FieldsInit, RequestHead, ResponseHead } from '@tp/wire';
import { onTestFinished } from 'vitest';
import type { CallInit } from '../exchange/call-init.ts';
import type { ClientCall } from '../exchange/client-call.ts';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import { createPool, type Pool } from '../pool/pool.ts';
import type { PoolOptions } from '../pool/pool-options.ts';
import {
  createTransportServer,
  type TransportServer,
  type TransportServerOptions,
} from '../server.ts';

/** A server that listens, and where. Both ends of this file are closed when the test ends. */
export interface Serving {
  readonly server: TransportServer;
  readonly url: string;
}

export async function serve(
  handle: (exchange: ServerExchange) => void,
  options: TransportServerOptions = {},
  address = 'teleport://127.0.0.1:0',
): Promise<Serving> {
  const server = createTransportServer(handle, {
    ...options,
    limits: { drainTimeoutMs: 200, ...options.limits },
  });
  onTestFinished(() => server.close());
  return { server, url: await server.listen(address) };
}

export function pool(url: string | readonly string[], options: PoolOptions = {}): Pool {
  const made = createPool(typeof url === 'string' ? [url] : url, {
    ...options,
    limits: { drainTimeoutMs: 200, ...options.limits },
  });
  onTestFinished(() => made.close());
  return made;
}

export const OK: ResponseHead = new ResponseHead(200);

/** A GET of a path, or whatever else is said. */
export function get(path: string, init: Partial<CallInit> = {}): CallInit {
  return { head: new RequestHead('GET', path), ...init };
}

export function post(path: string, fields: FieldsInit, init: Partial<CallInit>): CallInit {
  return { head: new RequestHead('POST', path, Fields.from(fields)), ...init };
}

/** The whole body of a response. */
export async function bodyOf(call: Promise<ClientCall>): Promise<Uint8Array> {
  return (await call).bytes();
}

/** Reads a body to its end, whatever becomes of it. */
export async function drain(body: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const piece of body) length += piece.length;
  return length;
}

/** A folder of the test's own. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'tp-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Something that a test waits for and another place gives. */
export class Gate<T = void> {
  open: (value: T) => void = () => {};
  readonly passed: Promise<T>;

  constructor() {
    this.passed = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}
