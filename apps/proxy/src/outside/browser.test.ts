import { once } from 'node:events';
import http from 'node:http';
import { basename } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { visit } from './browser.ts';
import { startFrontPair } from './front-pair.ts';
import { findBrowser, needs } from './tools.ts';

const IMAGES = 40;
const EVENTS = 10;
const ECHOES = 20;

/** What the page does, in the words of the browser. Each event is asked for when the last one is there. */
const PAGE = `<!doctype html>
<link rel="icon" href="data:,">
<title>pair</title>
<body>
<script>
const images = Array.from({ length: ${IMAGES} }, (_one, i) => {
  const image = new Image();
  image.src = '/image/' + (i + 1) + '.png';
  document.body.append(image);
  return image.decode().then(() => image.naturalWidth);
});
const events = new Promise((resolve, reject) => {
  const seen = [];
  const source = new EventSource('/events');
  source.onerror = reject;
  source.onmessage = ({ data }) => {
    seen.push(data);
    if (seen.length === ${EVENTS}) {
      source.close();
      resolve(seen);
    } else fetch('/next', { method: 'POST', body: data }).then((answer) => answer.text()).catch(reject);
  };
});
const echoes = new Promise((resolve, reject) => {
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/echo');
  const text = (i) => 'x'.repeat(i * 3000) + i;
  let count = 0;
  socket.onerror = reject;
  socket.onopen = () => socket.send(text(0));
  socket.onmessage = ({ data }) => {
    if (data !== text(count)) reject(new Error('not what was sent: ' + count));
    count += 1;
    if (count < ${ECHOES}) socket.send(text(count));
    else socket.close(1000);
  };
  socket.onclose = ({ code, wasClean }) => resolve({ count, code, wasClean });
});
const posted = fetch('/sum', { method: 'POST', body: new Uint8Array(300000).fill(7) })
  .then((response) => response.text());
window.done = Promise.all([Promise.all(images), events, echoes, posted]);
</script>`;

interface Origin {
  readonly address: string;
  /** The versions of HTTP in which WebSockets were asked for, as the names of their fields tell. */
  readonly upgrades: readonly string[];
}

async function startOrigin(): Promise<Origin> {
  let stream: http.ServerResponse | undefined;
  let sent = 0;
  const upgrades: string[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const server = http.createServer(async (request, response) => {
    const path = request.url ?? '';
    const width = Number(/^\/image\/(\d+)\.png$/.exec(path)?.[1] ?? 0);
    const pieces: Buffer[] = await request.toArray();
    if (path === '/') response.setHeader('content-type', 'text/html').end(PAGE);
    else if (width > 0) response.setHeader('content-type', 'image/png').end(png(width));
    else if (path === '/sum') {
      response.end(`${Buffer.concat(pieces).reduce((sum, byte) => sum + byte, 0)}`);
    } else if (path === '/events') {
      stream = response;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: event ${sent++}\n\n`);
    } else if (path === '/next') {
      // The next one is sent only when the browser has had the last.
      expect(String(Buffer.concat(pieces))).toBe(`event ${sent - 1}`);
      stream?.write(`data: event ${sent++}\n\n`);
      response.end('there');
    } else response.writeHead(404).end();
  });
  server.on('upgrade', (request, socket, head) => {
    upgrades.push(request.rawHeaders[0] === 'Host' ? 'HTTP/1.1' : 'HTTP/2');
    sockets.handleUpgrade(request, socket, head, (one) => {
      one.on('message', (data, isBinary) => one.send(data, { binary: isBinary }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return { address: `http://127.0.0.1:${port}`, upgrades };
}

/** A grey picture of one line. */
function png(width: number): Buffer {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(1, 4);
  size[8] = 8;
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', size),
    chunk('IDAT', deflateSync(Buffer.alloc(1 + width, 1))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const need = needs(basename(findBrowser() ?? 'chromium'));

it.skipIf(need.missing).each([
  ['HTTP/1.1', 'http', 'http/1.1'],
  ['HTTP/2, its WebSocket too', 'https', 'h2'],
] as const)(
  need.title('Chromium shows a page through the pair, its pictures, events and WebSocket: %s'),
  async (_what, scheme, protocol) => {
    const origin = await startOrigin();
    const pair = await startFrontPair(origin.address);
    const { result, complaints, protocols } = await visit(`${pair[scheme]}/`);
    expect(complaints).toEqual([]);
    expect(result).toEqual([
      Array.from({ length: IMAGES }, (_one, i) => i + 1),
      Array.from({ length: EVENTS }, (_one, i) => `event ${i}`),
      { count: ECHOES, code: 1000, wasClean: true },
      `${300_000 * 7}`,
    ]);
    expect(protocols.filter((one) => one !== 'data')).toEqual([protocol]);
    expect(origin.upgrades).toEqual([scheme === 'http' ? 'HTTP/1.1' : 'HTTP/2']);
  },
);
