import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import {
  BatchDecoder,
  BatchEncoder,
  DEFAULT_LIMITS,
  type Envelope,
  EnvelopeDecoder,
  encodeEnvelope,
  type Hello,
  MAX_WINDOWS,
  PREFACE,
  portableBytes,
  sealPlain,
  type WindowStart,
} from '@tp/wire';
import { onTestFinished } from 'vitest';
import { parseAddress } from '../socket/address.ts';
import type { Codec } from '../window/codec.ts';
import { UnpackedSide } from '../window/windows.ts';
import type { MemoryConnection } from './memory-connection.ts';
import { Ear, type Kind, type Said, type SaidOf } from './said.ts';

/** A hello with every default. */
export const HELLO: Hello = {
  version: 1,
  codecs: [],
  limits: DEFAULT_LIMITS,
  features: [],
  checksum: true,
  agent: 'scripted',
  token: new Uint8Array(0),
};

/** What came in one envelope, for those who look at bytes. */
export interface Opened {
  readonly plain: Uint8Array;
  readonly unpacked: Uint8Array;
  readonly windowId: number;
}

/** One side of a link that says exactly what a test tells it to, and writes down what it hears. */
export class ScriptedPeer<S extends Duplex = Socket> {
  readonly opened: Opened[] = [];
  /** What its envelopes said of windows, in order. */
  readonly windows: WindowStart[] = [];
  /** Whether the other side has ended the connection. */
  ended = false;
  readonly socket: S;
  readonly encoder: BatchEncoder = new BatchEncoder({
    bytes: portableBytes,
    limits: DEFAULT_LIMITS,
    isSecret: () => false,
    inline: true,
  });
  readonly #ear = new Ear();
  readonly #envelopes = new EnvelopeDecoder({ ...DEFAULT_LIMITS, windows: MAX_WINDOWS });
  readonly #batches = new BatchDecoder(portableBytes, DEFAULT_LIMITS, this.#ear);
  readonly #unpacked: UnpackedSide;
  readonly #codecs: readonly Codec[];
  readonly #taken = new Set<Said>();
  #missingPreface = PREFACE.length;
  #failure: unknown;
  #wake: () => void = () => {};

  constructor(socket: S, codecs: readonly Codec[] = []) {
    this.socket = socket;
    this.#codecs = codecs;
    this.#unpacked = new UnpackedSide(codecs, DEFAULT_LIMITS.batchUnpacked);
    socket.on('error', () => {});
    socket.on('data', (chunk: Uint8Array) => this.#hear(chunk));
    socket.on('close', () => {
      this.ended = true;
      this.#wake();
    });
    onTestFinished(() => void socket.destroy());
  }

  /** All records of that kind so far. */
  heard<K extends Kind>(kind: K): SaidOf<K>[] {
    return this.#ear.said.filter((said): said is SaidOf<K> => said.kind === kind);
  }

  /** Every record so far, in order. */
  get said(): readonly Said[] {
    return this.#ear.said;
  }

  /** The next record of that kind, each once. */
  async next<K extends Kind>(kind: K): Promise<SaidOf<K>> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const found = this.heard(kind).find((said) => !this.#taken.has(said));
      if (found !== undefined) {
        this.#taken.add(found);
        return found;
      }
      if (this.ended) throw new Error(`the link ended before a ${kind} came`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when the other side has ended the connection. */
  async end(): Promise<void> {
    if (!this.ended) await once(this.socket, 'close');
  }

  /** Preface and hello. */
  greet(hello: Partial<Hello> = {}): void {
    this.raw(PREFACE);
    const codecs = this.#codecs.map(({ name, windowLog }) => ({ codec: name, windowLog }));
    this.say((encoder) => encoder.hello({ ...HELLO, codecs, ...hello }));
  }

  /** A batch of records, all in `plain`, with its checksum. */
  say(write: (encoder: BatchEncoder) => void): void {
    write(this.encoder);
    this.raw(this.sealed());
  }

  /** The envelope of what was written to the encoder. */
  sealed(): Uint8Array {
    const envelope = sealPlain(this.encoder.records, portableBytes, true).slice();
    this.encoder.reset();
    return envelope;
  }

  /** An envelope with just these parts. */
  envelope(parts: Partial<Envelope>): void {
    const none = { plain: undefined, packed: undefined, unpackedSize: 0, crc: undefined };
    this.raw(encodeEnvelope({ ...none, window: undefined, windowId: 0, ...parts }, portableBytes));
  }

  raw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  #hear(chunk: Uint8Array): void {
    try {
      const skipped = Math.min(this.#missingPreface, chunk.length);
      this.#missingPreface -= skipped;
      for (const envelope of this.#envelopes.push(chunk.subarray(skipped))) {
        const plain = envelope.plain ?? new Uint8Array(0);
        if (envelope.window !== undefined) this.windows.push(envelope.window);
        const unpacked = this.#unpacked.open(envelope);
        const { windowId } = envelope;
        this.opened.push({ plain, unpacked: unpacked ?? new Uint8Array(0), windowId });
        this.#batches.decode(envelope.plain, unpacked);
        if (this.opened.length === 1) this.#envelopes.opened();
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#wake();
  }
}

/** A scripted dialer on a link to that address (TCP). Preface and hello are not said yet. */
export async function dialScripted(url: string, codecs?: readonly Codec[]): Promise<ScriptedPeer> {
  const address = parseAddress(url);
  if (address.kind !== 'tcp') throw new Error('a scripted dialer speaks TCP');
  const socket = connect({ host: address.host, port: address.port, noDelay: true });
  await once(socket, 'connect');
  return new ScriptedPeer(socket, codecs);
}

/** A scripted peer at this end of a connection in memory. */
export function speakOn(connection: MemoryConnection): ScriptedPeer<Duplex> {
  const socket = new Duplex({
    read() {},
    write(bytes: Uint8Array, _encoding, done) {
      connection.write(bytes);
      done();
    },
    destroy(error, done) {
      connection.destroy();
      done(error);
    },
  });
  connection.start({
    data: (chunk) => void socket.push(chunk),
    drain: () => {},
    close: () => void socket.destroy(),
  });
  return new ScriptedPeer(socket);
}

/** A scripted dialer that has exchanged hellos. */
export async function openScripted(url: string, hello: Partial<Hello> = {}): Promise<ScriptedPeer> {
  const peer = await dialScripted(url);
  peer.greet(hello);
  await peer.next('hello');
  return peer;
}

/** A place where each link meets a scripted acceptor. */
export interface ScriptedServer {
  readonly url: string;
  /** The next link that comes, each once. */
  accept(): Promise<ScriptedPeer>;
  /** Accepts no more. */
  close(): void;
}

export async function scriptedServer(codecs?: readonly Codec[]): Promise<ScriptedServer> {
  const peers: ScriptedPeer[] = [];
  let wake = () => {};
  const server = createServer({ noDelay: true }, (socket) => {
    peers.push(new ScriptedPeer(socket, codecs));
    wake();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port }: Pick<AddressInfo, 'port'> = portOf(server.address());
  return {
    url: `teleport://127.0.0.1:${port}`,
    close: () => void server.close(),
    async accept() {
      for (;;) {
        const peer = peers.shift();
        if (peer !== undefined) return peer;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

/** A scripted acceptor that has exchanged hellos with the next link. */
export async function acceptOpen(
  server: ScriptedServer,
  hello: Partial<Hello> = {},
): Promise<ScriptedPeer> {
  const peer = await server.accept();
  await peer.next('hello');
  peer.greet(hello);
  return peer;
}

function portOf(bound: AddressInfo | string | null): { port: number } {
  if (bound === null || typeof bound === 'string') throw new Error('no port was bound');
  return bound;
}
