import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startHaproxy } from '../outside/haproxy.ts';
import { startNginx } from '../outside/nginx.ts';
import { findProgram } from '../outside/tools.ts';
import { listenLocal } from './listen-local.ts';
import { rawOrigin } from './raw-origin.ts';
import { strictRequests } from './strict-requests.ts';

/** A request that an origin saw to its end. */
export interface SeenRequest {
  readonly target: string;
  /** Undefined where the origin refused the request, or it broke off. */
  readonly body: string | undefined;
}

/** An origin that keeps what it saw. */
export interface RecordingOrigin {
  readonly address: string;
  /** All that was seen, in no order. */
  seen(): Promise<SeenRequest[]>;
}

/** Makes one that ends with the test. */
export type StartRecording = () => Promise<RecordingOrigin>;

/** Those that this machine has. */
export const RECORDING_ORIGINS: readonly { name: string; begin: StartRecording }[] = [
  { name: 'a strict origin', begin: strictOrigin },
  { name: 'an origin of Node', begin: nodeOrigin },
  { name: 'nginx', begin: nginxOrigin },
  { name: 'HAProxy', begin: haproxyOrigin },
].filter(({ name }) => has(name));

/** What they are called, with those that are left out. */
export const ORIGIN_NAMES = ['a strict origin', 'an origin of Node', 'nginx', 'HAProxy']
  .map((name) => (has(name) ? name : `no ${name}, as it is not installed`))
  .join(', ');

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

function has(name: string): boolean {
  return /^a/.test(name) || findProgram(name.toLowerCase()) !== undefined;
}

/** Reads with a parser of the test's own, and answers what is complete. */
async function strictOrigin(): Promise<RecordingOrigin> {
  const answered = new Map<number, number>();
  const origin = await rawOrigin((socket, received, turn) => {
    const complete = strictRequests(received).requests.length;
    for (let i = answered.get(turn) ?? 0; i < complete; i++) socket.write(OK);
    answered.set(turn, complete);
  });
  return {
    address: origin.address,
    seen: async () => {
      const seen: SeenRequest[] = [];
      for (const [turn, text] of origin.received.entries()) {
        const { requests, rest } = strictRequests(text);
        seen.push(...requests.map(({ target, body }) => ({ target, body })));
        // What is not whole must be the last of its connection.
        if (rest !== '') await origin.closed(turn);
      }
      return seen;
    },
  };
}

async function nodeOrigin(): Promise<RecordingOrigin> {
  const seen: SeenRequest[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      seen.push({ target: request.url ?? '', body });
      response.end('ok');
    });
    request.on('error', () => undefined);
  });
  const address = await listenLocal(server);
  return { address, seen: async () => seen };
}

/** It writes into its log what it saw, malformed requests too, and reads bodies to pass them on to itself. */
async function nginxOrigin(): Promise<RecordingOrigin> {
  const { address, prefix } = await startNginx(
    onTestFinished,
    (port, folder) => `
  log_format seen escape=json '{"target":"$request_uri","body":"$request_body","status":$status}';
  server {
    listen 127.0.0.1:${port};
    access_log ${folder}/seen.log seen;
    client_body_buffer_size 1m;
    client_body_in_single_buffer on;
    location / { proxy_pass http://unix:${folder}/sink.sock:/; }
  }
  server {
    listen unix:${folder}/sink.sock;
    location / { return 200 ok; }
  }`,
  );
  return {
    address,
    seen: async () => {
      const lines = readFileSync(join(prefix, 'seen.log'), 'latin1').split('\n').slice(0, -1);
      return lines.map((line) => {
        const { target, body, status }: { target: string; body: string; status: number } =
          JSON.parse(line);
        return { target, body: status === 200 ? body : undefined };
      });
    },
  };
}

/** What came through it to a strict origin, and what it refused by itself. */
async function haproxyOrigin(): Promise<RecordingOrigin> {
  const behind = await strictOrigin();
  const { address, log } = await startHaproxy({ server: behind.address.slice('http://'.length) });
  return {
    address,
    seen: async () => {
      const seen = await behind.seen();
      const through = new Set(seen.map(({ target }) => target));
      const refused = log
        .map((line) => line.slice(line.indexOf(' ') + 1))
        .filter((target) => !through.has(target))
        .map((target) => ({ target, body: undefined }));
      return [...seen, ...refused];
    },
  };
}
