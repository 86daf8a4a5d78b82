import {
  type Client,
  type ClientOptions,
  createClient,
  createServer,
  type Handler,
  isTpError,
  type Server,
  type ServerOptions,
  type TpError,
} from '../index.ts';

/** A server on loopback and a client of it, closed together at the end of a test's block. */
export interface Pair extends AsyncDisposable {
  readonly server: Server;
  readonly client: Client;
  readonly address: string;
}

/** Starts a server with that handler, and a client. */
export async function pair(
  handler: Handler,
  serverOptions: ServerOptions = {},
  clientOptions: ClientOptions = {},
  address = 'teleport://127.0.0.1:0',
): Promise<Pair> {
  const server = createServer(handler, serverOptions);
  const bound = await server.listen(address);
  const client = createClient(bound, clientOptions);
  return {
    server,
    client,
    address: bound,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server.close();
    },
  };
}

/** The error of tp that a promise rejects with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<TpError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && isTpError(outcome.error)) return outcome.error;
  throw new Error(`expected a TpError, found ${JSON.stringify(outcome)}`, { cause: outcome });
}

/** All pieces of a body. */
export async function gather(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}
