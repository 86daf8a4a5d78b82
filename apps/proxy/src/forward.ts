import { type Request, type ResponseInit, requestEndToEnd, upgradeEndToEnd } from '@tp/http';
import { type ErrorCode, isTpError, TpError } from '@tp/wire';
import { atMost, bodyLimit, declaredLength, type PassedBody, takeBody } from './body.ts';
import type { OutgoingRequest, Upstream } from './exchange.ts';
import type { FailureLog } from './failure-log.ts';
import { type Meters, NO_UPSTREAM, type Route, statusClass } from './meters.ts';
import { passedProtocol } from './passed-protocol.ts';
import { createBalance } from './upstreams/balance.ts';

/**
 * Passes one request on and resolves with the response's head.
 *
 * @param follows whether pieces of a body are still to come; see `takeBody`.
 * @throws {TpError} for every way in which it fails.
 */
export type Forward = (request: Request, follows?: boolean) => Promise<ResponseInit>;

/** What forwarding needs. */
export interface ForwardOptions {
  readonly upstreams: readonly Upstream[];
  readonly meters: Meters;
  readonly failures: FailureLog;
  /** Longest request body, in bytes. */
  readonly maxBodyBytes: number;
}

/** How many upstreams a request that none of them touched is tried at. */
const MAX_ATTEMPTS = 3;

/** Makes the way from any listener to the upstreams; call the result with a listener's name. */
export function createForwarder(options: ForwardOptions): (listener: string) => Forward {
  const { upstreams, meters, failures, maxBodyBytes } = options;
  const balance = createBalance(upstreams);

  const prepare = async (request: Request, follows?: boolean): Promise<OutgoingRequest> => {
    if (request.upgrade !== undefined) return upgrading(request);
    const headers = requestEndToEnd(request.headers);
    const declared = declaredLength(headers.getAll('content-length'));
    if (declared !== undefined && declared > maxBodyBytes) throw bodyLimit(maxBodyBytes, 'no');
    const taken = takeBody(request, declared, follows, headers.has('expect'));
    const body = bounded(taken instanceof Promise ? await taken : taken, declared, maxBodyBytes);
    const { method, path } = request;
    return {
      method,
      path,
      headers,
      body,
      declaredLength: declared,
      upgrade: undefined,
      incoming: request,
    };
  };

  const failed = (error: unknown, route: Route): TpError => {
    const known = asTpError(error);
    route.count(known.code);
    if (known.code === 'BODY_LIMIT') meters.limitHit('maxBodyBytes');
    failures.add(known, route.upstream);
    return known;
  };

  return (listener) => {
    const routes = new Map<Upstream, Route>();
    for (const upstream of upstreams) routes.set(upstream, meters.route(listener, upstream.name));
    const nowhere = meters.route(listener, NO_UPSTREAM);

    return async (request, follows) => {
      const started = performance.now();
      let route = nowhere;
      try {
        const outgoing = await prepare(request, follows);
        let tried: Set<Upstream> | undefined;
        for (;;) {
          const upstream = balance.pick(tried);
          if (upstream === undefined) throw nobody();
          route = routes.get(upstream) ?? nowhere;
          try {
            const response = await upstream.send(outgoing);
            const status = response.status ?? 200;
            if (status >= 502 && status <= 504) balance.penalise(upstream);
            route.count(statusClass(status));
            return response;
          } catch (error) {
            if (isTpError(error) && isUpstreamsFault(error.code)) balance.penalise(upstream);
            tried ??= new Set();
            tried.add(upstream);
            if (!mayGoElsewhere(error, outgoing, tried.size, upstreams.length)) throw error;
            failures.add(asTpError(error), route.upstream);
          }
        }
      } catch (error) {
        throw failed(error, route);
      } finally {
        meters.latency.record(performance.now() - started);
      }
    };
  };
}

/** A request that asks for another protocol has no body; where it is passed on, it says so itself. */
function upgrading(request: Request): OutgoingRequest {
  const { method, path } = request;
  const upgrade = passedProtocol(request.upgrade);
  const headers =
    upgrade === undefined
      ? requestEndToEnd(request.headers)
      : upgradeEndToEnd(request.headers, 'request');
  const declared = declaredLength(headers.getAll('content-length'));
  return {
    method,
    path,
    headers,
    body: null,
    declaredLength: declared,
    upgrade,
    incoming: request,
  };
}

function bounded(body: PassedBody, declared: number | undefined, maxBytes: number): PassedBody {
  const unknown = declared === undefined && body !== null && !(body instanceof Uint8Array);
  return unknown ? atMost(body, maxBytes) : body;
}

function mayGoElsewhere(
  error: unknown,
  request: OutgoingRequest,
  attempts: number,
  choices: number,
): boolean {
  return (
    isTpError(error) &&
    error.processed === 'no' &&
    isUpstreamsFault(error.code) &&
    attempts < Math.min(MAX_ATTEMPTS, choices) &&
    (request.body === null || request.body instanceof Uint8Array)
  );
}

function isUpstreamsFault(code: ErrorCode): boolean {
  switch (code) {
    case 'UNREACHABLE':
    case 'UPSTREAM':
    case 'LINK_LOST':
    case 'TIMEOUT':
    case 'CLOSED':
    case 'REFUSED':
    case 'OVERFLOW':
    case 'OVERLOADED':
      return true;
    default:
      return false;
  }
}

function asTpError(error: unknown): TpError {
  if (isTpError(error)) return error;
  return new TpError({ code: 'INTERNAL', message: 'the proxy failed', cause: error });
}

function nobody(): TpError {
  return new TpError({ code: 'UNREACHABLE', processed: 'no', message: 'there is no upstream' });
}
