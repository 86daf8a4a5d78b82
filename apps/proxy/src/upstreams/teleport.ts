import {
  type Client,
  createClient,
  endToEnd,
  type Response,
  type ResponseInit,
  upgradeEndToEnd,
} from '@tp/http';
import { Fields, isTpError, TpError } from '@tp/wire';
import { comesInPieces, isBodiless } from '../body.ts';
import type { OutgoingRequest, TransferFigures, Upstream } from '../exchange.ts';
import { join } from '../join.ts';
import type { WindowChoice } from '../window-rule.ts';

/** Options of `createClient`, as the proxy sets them. */
export type TeleportOptions = NonNullable<Parameters<typeof createClient>[1]>;

/** How long a test of reachability may take, in ms. */
const REACHABLE_MS = 1_000;

/** Far proxies, or servers that speak tp themselves, as one upstream: the client's pool balances. */
export function createTeleportUpstream(
  addresses: readonly string[],
  options: TeleportOptions,
): Upstream {
  const client = createClient([...addresses], options);
  return {
    name: addresses.join(','),
    get pending() {
      return client.pending;
    },
    send: (request, window) =>
      request.upgrade === undefined
        ? send(client, request, window)
        : upgrade(client, request, window),
    reachable: () => reachable(client),
    figures: () => figures(client),
    peerHealth: () => client.stats().health,
    reloadTls: (tls) => client.reloadTls(tls),
    close: () => client.close(),
  };
}

async function send(
  client: Client,
  request: OutgoingRequest,
  window: WindowChoice | undefined,
): Promise<ResponseInit> {
  const { method, path, headers, body, incoming } = request;
  const deadlineMs = incoming.remainingMs;
  const streamed = body !== null && !(body instanceof Uint8Array);
  try {
    const response = await client.request({
      method,
      path,
      headers,
      body,
      signal: incoming.cancellation ?? incoming.signal,
      onInformation: (status: number, fields: Fields) => incoming.inform(status, endToEnd(fields)),
      ...(window === undefined ? undefined : { window }),
      ...(streamed ? { trailers: () => incoming.trailers ?? Fields.empty } : undefined),
      ...(deadlineMs === undefined ? undefined : { deadlineMs }),
    });
    return await passedOn(response, method);
  } catch (error) {
    throw isTpError(error) ? blamed(error) : error;
  }
}

async function upgrade(
  client: Client,
  request: OutgoingRequest,
  window: WindowChoice | undefined,
): Promise<ResponseInit> {
  const { method, path, headers, incoming } = request;
  const deadlineMs = incoming.remainingMs;
  try {
    const response = await client.upgrade({
      method,
      path,
      headers,
      signal: incoming.cancellation ?? incoming.signal,
      onInformation: (status, fields) => incoming.inform(status, endToEnd(fields)),
      ...(window === undefined ? undefined : { window }),
      ...(deadlineMs === undefined ? undefined : { deadlineMs }),
    });
    const { socket } = response;
    if (socket === undefined) return await passedOn(response, method);
    return {
      status: response.status,
      headers: upgradeEndToEnd(response.headers, 'response'),
      ...(response.reason === '' ? undefined : { reason: response.reason }),
      upgrade: (front) => join(front, socket),
    };
  } catch (error) {
    throw isTpError(error) ? blamed(error) : error;
  }
}

async function passedOn(response: Response, method: string): Promise<ResponseInit> {
  if (isBodiless(method, response.status)) return toInit(response, null);
  return toInit(response, comesInPieces(response) ? response.body : await response.bytes());
}

/** The error as this proxy tells it: whose body it was that had a wrong length, ours or theirs. */
function blamed(error: TpError): TpError {
  // A body that we ended ourselves (too long, too short) says why in its cause.
  if (error.code === 'CANCEL' && isTpError(error.cause)) return error.cause;
  if (error.code !== 'BODY_LENGTH' || error.processed !== 'yes') return error;
  const { message, processed } = error;
  return new TpError({ code: 'UPSTREAM', message, processed, cause: error });
}

function toInit(
  response: Response,
  body: Uint8Array | AsyncIterable<Uint8Array> | null,
): ResponseInit {
  return {
    status: response.status,
    headers: endToEnd(response.headers),
    body,
    // Empty means the usual phrase here, while an empty phrase of an origin is passed on as such.
    ...(response.reason === '' ? undefined : { reason: response.reason }),
    ...(body === null || body instanceof Uint8Array
      ? undefined
      : { trailers: () => endToEnd(response.trailers ?? Fields.empty) }),
  };
}

async function reachable(client: Client): Promise<boolean> {
  if (client.stats().links.some((link) => link.state === 'open')) return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, REACHABLE_MS, false);
  client.ready().then(
    () => resolve(true),
    () => resolve(false),
  );
  const stands = await promise;
  clearTimeout(timer);
  return stands;
}

function figures(client: Client): TransferFigures {
  const { links, peers, queueBytes, limitHits } = client.stats();
  return {
    httpBytesIn: 0,
    httpBytesOut: 0,
    peers,
    queueBytes,
    links,
    limitHits,
  };
}
