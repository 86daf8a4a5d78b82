import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { exchangeHttp1Bytes } from '@tp/savings';
import type { Tally } from '../measure/tally.ts';
import type { System } from '../systems/system.ts';
import { checkBody } from '../systems/tp.ts';
import type { Exchange } from '../traffic/exchange.ts';
import { answersOf, inRound } from './answers.ts';

const PATH = '/tp.bench.Exchanges/Call';
const EMPTY = Buffer.alloc(0);
const OPTIONS = { 'grpc.max_concurrent_streams': 10_000 };

interface Prepared {
  readonly metadata: Metadata;
  readonly message: Buffer;
  readonly body: Uint8Array;
  readonly httpBytes: number;
}

const asItIs = (bytes: Buffer): Buffer => bytes;
const SERVICE: ServiceDefinition = {
  call: {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  },
};

/**
 * `@grpc/grpc-js` at both ends of one channel: unary calls whose messages are the bodies as bytes, so
 * that no protobuf is encoded. Of the heads only `x-request-id` travels, where answers differ: less than
 * the others carry.
 */
export async function openGrpcJs(exchanges: readonly Exchange[]): Promise<System> {
  const answerTo = answersOf(exchanges);
  const server = new Server(OPTIONS);
  const answer: UntypedHandleCall = (
    call: { metadata: Metadata },
    done: (error: Error | null, message: Buffer) => void,
  ) => {
    const due = answerTo(call.metadata.get('x-request-id')[0]?.toString());
    done(due === undefined ? new Error('there is no answer') : null, bufferOf(due?.body));
  };
  server.addService(SERVICE, { call: answer });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), OPTIONS);
  const take = inRound(exchanges.map((exchange) => prepare(exchange, exchanges.length > 1)));
  return {
    caller: (tally) => callUntilStopped(client, take, tally),
    wireBytes: () => undefined,
    close: async () => {
      client.close();
      server.forceShutdown();
    },
  };
}

function prepare(exchange: Exchange, hasId: boolean): Prepared {
  const metadata = new Metadata();
  if (hasId) metadata.set('x-request-id', exchange.id);
  return {
    metadata,
    message: bufferOf(exchange.request.body),
    body: exchange.response.body,
    httpBytes: exchangeHttp1Bytes(exchange),
  };
}

async function callUntilStopped(client: Client, take: () => Prepared, tally: Tally): Promise<void> {
  while (!tally.stopped) {
    const prepared = take();
    const started = tally.start();
    checkBody(await call(client, prepared), prepared.body);
    tally.end(started, prepared.httpBytes);
  }
}

function call(client: Client, { message, metadata }: Prepared): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(PATH, asItIs, asItIs, message, metadata, (error, answer) =>
      error === null ? resolve(answer ?? EMPTY) : reject(error),
    );
  });
}

function bufferOf(bytes: Uint8Array | null | undefined): Buffer {
  if (bytes === null || bytes === undefined) return EMPTY;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
