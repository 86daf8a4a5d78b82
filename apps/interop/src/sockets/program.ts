import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type RawData, WebSocket, WebSocketServer } from 'ws';

/** What both peers saw of one socket, in words, so that two ways can be compared. */
export interface Seen {
  readonly client: readonly string[];
  readonly server: readonly string[];
}

/** Sizes of messages that every socket exchanges; some bring larger ones, up to 1 MiB. */
const SIZES = [1, 125, 126, 1_000];
const LARGE = [20_000, 65_535, 65_536, 300_000];
const LARGEST = 1024 * 1024;
/** Fields of a handshake that are random or name a port. */
const DIFFER = new Set(['host', 'sec-websocket-key', 'sec-websocket-accept']);
const GARBAGE = Buffer.from([0xff, 0xff, 0xff]);

/** How a socket ends, in turn. */
const ENDINGS = [
  'client 1000 done',
  'server 1001 away',
  'client 4321 rätselhaft',
  'client terminates',
  'server 3000',
  'server terminates',
  'client without a code',
  'client sends garbage',
  'server sends garbage',
] as const;

/** A `ws` server that echoes, and does to its sockets what it is told. */
export class Echo {
  readonly sockets: WebSocketServer = new WebSocketServer({
    noServer: true,
    perMessageDeflate: { serverMaxWindowBits: 10, clientMaxWindowBits: 10, threshold: 0 },
    handleProtocols: (offered) => (offered.has('echo') ? 'echo' : false),
    verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== '/refused',
  });
  readonly #seen = new Map<string, { readonly words: string[]; readonly closed: Promise<void> }>();

  constructor() {
    this.sockets.on('connection', (socket, request) => this.#take(socket, request));
  }

  /** What a socket's server saw of it until it was closed. */
  async seen(path: string): Promise<readonly string[]> {
    const found = this.#seen.get(path);
    if (found === undefined) return ['nothing'];
    await found.closed;
    return found.words;
  }

  #take(socket: WebSocket, request: IncomingMessage): void {
    const words = [`asked ${fields(request.rawHeaders)}`];
    const closed = Promise.withResolvers<void>();
    this.#seen.set(request.url ?? '', { words, closed: closed.promise });
    socket.on('message', (data, isBinary) => {
      words.push(`message ${isBinary ? 'binary' : 'text'} ${bytesOf(data).length}`);
      if (isBinary || !String(data).startsWith('order ')) socket.send(data, { binary: isBinary });
      else this.#obey(socket, String(data).slice('order '.length));
    });
    socket.on('ping', (data) => words.push(`ping ${data}`));
    socket.on('pong', (data) => words.push(`pong ${data}`));
    socket.on('error', (error) => words.push(`error ${error.message}`));
    socket.on('close', (code, reason) => {
      words.push(`closed ${code} ${reason}`);
      closed.resolve();
    });
  }

  #obey(socket: WebSocket, order: string): void {
    const [what, code, reason] = order.split(' ');
    if (what === 'ping') socket.ping('from the server');
    else if (what === 'terminates') socket.terminate();
    else if (what === 'sends') rawSocket(socket).write(GARBAGE);
    else socket.close(Number(code), reason);
  }
}

/** A client's end of one conversation. */
export class Talk {
  readonly path: string;
  readonly #turn: number;
  readonly #words: string[] = [];
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<void>();

  /** Which sizes, kinds and ending it has follows from its number. */
  constructor(address: string, turn: number) {
    this.path = `/talk/${turn}`;
    this.#turn = turn;
    const url = `${address.replace('http', 'ws')}${this.path}`;
    const protocols = turn % 4 === 0 ? ['other', 'echo'] : [];
    this.#socket = new WebSocket(url, protocols, { perMessageDeflate: turn % 10 === 0 });
    this.#socket.on('upgrade', ({ statusCode, statusMessage, rawHeaders }) => {
      this.#words.push(`switched ${statusCode} ${statusMessage} ${fields(rawHeaders)}`);
    });
    this.#socket.on('error', (error) => this.#words.push(`error ${error.message}`));
    this.#socket.on('close', (code, reason) => {
      this.#words.push(`closed ${code} ${reason}`);
      this.#closed.resolve();
    });
  }

  async open(): Promise<void> {
    await once(this.#socket, 'open');
    this.#words.push(`open ${this.#socket.protocol} ${this.#socket.extensions}`);
  }

  /** Sends each message, and holds what comes back to it. */
  async exchange(): Promise<void> {
    const socket = this.#socket;
    const sizes = [...SIZES, ...(this.#turn % 25 === 0 ? LARGE : [])];
    if (this.#turn % 100 === 50) sizes.push(LARGEST);
    for (const [i, size] of sizes.entries()) {
      const isText = (i + this.#turn) % 2 === 0;
      const sent = content(size, this.#turn * 31 + i);
      socket.send(isText ? sent.toString('latin1') : sent, { binary: !isText });
      const [data, isBinary]: [RawData, boolean] = await nextMessage(socket);
      const isSame = bytesOf(data).equals(sent) && isBinary !== isText;
      this.#words.push(`${isSame ? 'same' : 'CHANGED'} ${size} ${isText ? 'text' : 'binary'}`);
    }
    socket.ping(`ping of ${this.#turn}`);
    const [pong] = await once(socket, 'pong');
    this.#words.push(`pong ${pong}`);
    socket.send('order ping');
    const [ping] = await once(socket, 'ping');
    this.#words.push(`ping ${ping}`);
  }

  /** Ends it in the way that is its own, and says what it saw. */
  async end(): Promise<readonly string[]> {
    const ending = ENDINGS[this.#turn % ENDINGS.length] ?? '';
    const [who, what, reason] = ending.split(' ');
    const socket = this.#socket;
    this.#words.push(ending);
    if (who === 'server') {
      socket.send(`order ${/^\d/.test(what ?? '') ? 'close ' : ''}${what} ${reason ?? ''}`.trim());
    } else if (what === 'terminates') socket.terminate();
    else if (what === 'sends') rawSocket(socket).write(GARBAGE);
    else if (what === 'without') socket.close();
    else socket.close(Number(what), reason);
    await this.#closed.promise;
    return this.#words;
  }
}

/** What a client sees of a handshake that is refused. */
export async function refusal(address: string): Promise<string> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/refused`);
  socket.on('error', () => {});
  const [, response]: [unknown, IncomingMessage] = await pair(socket);
  const pieces: Uint8Array[] = [];
  for await (const piece of response) pieces.push(piece);
  return `${response.statusCode} ${response.statusMessage} ${Buffer.concat(pieces)}`;
}

async function pair(socket: WebSocket): Promise<[unknown, IncomingMessage]> {
  const [request, response] = await once(socket, 'unexpected-response');
  return [request, response];
}

async function nextMessage(socket: WebSocket): Promise<[RawData, boolean]> {
  const [data, isBinary] = await once(socket, 'message');
  return [data, isBinary];
}

/** Bytes that are text as well, differ by number, and do not repeat soon. */
function content(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed + 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = 0x20 + ((state >>> 16) % 0x5f);
  }
  return bytes;
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}

/** Below what `ws` offers: to say what it never would. */
function rawSocket(socket: WebSocket): NodeJS.WritableStream {
  if ('_socket' in socket && isWritable(socket._socket)) return socket._socket;
  throw new Error('ws has no socket of that name any more');
}

function isWritable(value: unknown): value is NodeJS.WritableStream {
  return typeof value === 'object' && value !== null && 'write' in value;
}

function fields(raw: readonly string[]): string {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!DIFFER.has((raw[i] ?? '').toLowerCase())) kept.push(`${raw[i]}: ${raw[i + 1]}`);
  }
  return kept.join(' | ');
}
