import { type Request, type ResponseInit, requestEndToEnd, upgradeEndToEnd } from '@tp/http';
import { type Fields, isTpError, TpError } from '@tp/wire';
import { atMost, bodyLimit, declaredLength, type PassedBody, takeBody } from './body.ts';
import type { ClientFields } from './client-fields.ts';
import type { OutgoingRequest } from './exchange.ts';
import type { FailureLog } from './failure-log.ts';
import { countResponse, headBytes, requestBytes } from './http-bytes.ts';
import { type Meters, NO_UPSTREAM, type Route, statusClass } from './meters.ts';
import type { ShedReason } from './overload/overload.ts';
import { passedProtocol } from './passed-protocol.ts';
import { isUpstreamsFault, MAX_ATTEMPTS, mayRepeat } from './retries.ts';
import { isCrowded, tellRetryAfter } from './retry-after.ts';
import type { Routing } from './routing.ts';
import type { Member } from './upstreams/balance.ts';
import type { Group } from './upstreams/group.ts';
import type { Watch, Watcher } from './watch.ts';
import type { WindowRule } from './window-rule.ts';

/**
 * Passes one request on and resolves with the response's head.
 *
 * @param follows whether pieces of a body are still to come; see `takeBody`.
 * @throws {TpError} for every way in which it fails.
 */
export type Forward = (request: Request, follows?: boolean) => Promise<ResponseInit>;

/** What a listener asks of its requests, and does with them. */
export interface Policy {
  /** Longest request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Requests that wait for their response's head. */
  readonly maxRequests: number;
  /** Whether only GET and HEAD are taken. */
  readonly getOnly: boolean;
  readonly clientFields: ClientFields | undefined;
}

/** Where a route leads. */
export interface Way {
  readonly group: Group;
  /** Host and path as configured. */
  readonly name: string;
  readonly windowFor: WindowRule;
}

/** What forwarding needs. Routes and policies may change at any time; a request keeps to what it began with. */
export interface ForwardOptions {
  readonly routing: () => Routing<Way>;
  readonly meters: Meters;
  readonly failures: FailureLog;
  readonly watcher: Watcher;
  /** Why requests are turned away now; undefined when they are not. */
  readonly sheds: () => ShedReason | undefined;
}

/** The part of one request in how long they take of late. */
const ONE_OF_LATE = 1 / 64;

/** Makes the way from any listener to the upstreams; call the result with a listener's name. */
export function createForwarder(
  options: ForwardOptions,
): (listener: string, policy: () => Policy) => Forward {
  const { routing, meters, failures, watcher, sheds } = options;

  const failed = (error: unknown, route: Route): TpError => {
    const known = asTpError(error);
    route.count(known.code);
    if (known.code === 'BODY_LIMIT') meters.limitHit('maxBodyBytes');
    failures.add(known, route.upstream);
    return known;
  };

  return (listener, policyNow) => {
    const routes = new Map<string, Map<string, Route>>();
    const routeTo = (upstream: string, name: string): Route => {
      const byUpstream = routes.get(name);
      const known = byUpstream?.get(upstream);
      if (known !== undefined) return known;
      const route = meters.route(listener, upstream, name);
      if (byUpstream === undefined) routes.set(name, new Map([[upstream, route]]));
      else byUpstream.set(upstream, route);
      return route;
    };
    const nowhere = meters.route(listener, NO_UPSTREAM);

    const refuse = (
      request: Request,
      answer: ResponseInit,
      watch: Watch | undefined,
    ): ResponseInit => {
      nowhere.count(statusClass(answer.status ?? 200));
      nowhere.bytes += headBytes(request);
      countResponse(answer, (bytes) => {
        nowhere.bytes += bytes;
      });
      return watch === undefined ? answer : watch.answered(answer);
    };

    let waiting = 0;
    /** How long requests take of late, until their response's head. */
    let tookMs = 0;

    return async (request, follows) => {
      const started = performance.now();
      const policy = policyNow();
      const watch = watcher.begin(listener, request);
      let route = nowhere;
      let group: Group | undefined;
      waiting += 1;
      try {
        const shed = sheds();
        if (shed !== undefined) {
          meters.limitHit(shed);
          throw tooBusy();
        }
        if (waiting > policy.maxRequests) {
          meters.limitHit('maxRunningHandlers');
          throw overloaded();
        }
        if (policy.getOnly && request.method !== 'GET' && request.method !== 'HEAD') {
          return refuse(request, NOT_ALLOWED, watch);
        }
        const hosts = request.headers.getAll('host');
        if (hosts.length > 1) return refuse(request, SEVERAL_HOSTS, watch);
        let table = routing();
        let way = table.find(hosts[0], request.path);
        if (way === undefined) return refuse(request, NO_ROUTE, watch);
        const outgoing = await prepare(request, follows, policy);
        if (table !== routing()) {
          // A body may be long in coming, and the upstreams of back then gone.
          table = routing();
          way = table.find(hosts[0], request.path);
          if (way === undefined) return refuse(request, NO_ROUTE, watch);
        }
        let tried: Set<Member> | undefined;
        group = way.group;
        group.requests += 1;
        for (let attempt = 1; ; attempt++) {
          const member = group.balance.pick(tried);
          if (member === undefined) throw nobody();
          const { balance } = group;
          route = routeTo(member.upstream.name, way.name);
          const { upstream } = member;
          route.bytes += requestBytes(outgoing);
          const sending = watch?.sends({ group: group.name, upstream }, outgoing) ?? outgoing;
          const sent = performance.now();
          try {
            const answering = route;
            const window = way.windowFor(request);
            const answer = countResponse(await upstream.send(sending, window), (bytes) => {
              answering.bytes += bytes;
            });
            // What comes over a link is answered over it.
            const response = window === undefined ? answer : { ...answer, window };
            const status = response.status ?? 200;
            if (group.failureStatuses.has(status)) balance.failed(member, isOfGateway(status));
            else balance.answered(member, performance.now() - sent);
            route.count(statusClass(status));
            tookMs += (performance.now() - started - tookMs) * ONE_OF_LATE;
            return watch === undefined ? response : watch.answered(response);
          } catch (error) {
            judge(group, member, error, performance.now() - sent);
            if (attempt >= MAX_ATTEMPTS || !mayRepeat(error, outgoing)) throw error;
            if (table === routing()) {
              tried ??= new Set();
              tried.add(member);
              if (tried.size >= balance.members.length) throw error;
            } else {
              // Other upstreams have taken over in the meantime.
              table = routing();
              way = table.find(hosts[0], request.path);
              if (way === undefined) throw error;
              group = way.group;
              tried = undefined;
            }
            if (!group.mayRetry()) {
              meters.limitHit('retryBudget');
              throw error;
            }
            const known = asTpError(error);
            failures.add(known, route.upstream);
            watch?.retried(known);
          }
        }
      } catch (error) {
        const known = failed(error, route);
        if (isCrowded(known.code)) tellRetryAfter(known, tookMs);
        else if (group !== undefined) tellRetryAfter(known, group.betterInMs());
        watch?.failed(known);
        throw known;
      } finally {
        waiting -= 1;
        meters.latency.record(performance.now() - started);
      }
    };
  };
}

async function prepare(
  request: Request,
  follows: boolean | undefined,
  { maxBodyBytes, clientFields }: Policy,
): Promise<OutgoingRequest> {
  const told = (fields: Fields): Fields =>
    clientFields === undefined ? fields : clientFields(request, fields);
  if (request.upgrade !== undefined) return upgrading(request, told);
  const headers = told(requestEndToEnd(request.headers));
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
}

/** A request that asks for another protocol has no body; where it is passed on, it says so itself. */
function upgrading(request: Request, told: (fields: Fields) => Fields): OutgoingRequest {
  const { method, path } = request;
  const upgrade = passedProtocol(request.upgrade);
  const headers = told(
    upgrade === undefined
      ? requestEndToEnd(request.headers)
      : upgradeEndToEnd(request.headers, 'request'),
  );
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

/** What a failure says of a member. */
function judge(group: Group, member: Member, error: unknown, ms: number): void {
  if (!isTpError(error)) return;
  if (isUpstreamsFault(error.code)) group.balance.failed(member);
  else if (error.code === 'CANCEL' || error.code === 'DEADLINE') group.balance.gaveUp(member, ms);
}

/** By which a gateway says that it has nobody to ask. */
function isOfGateway(status: number): boolean {
  return status >= 502 && status <= 504;
}

function bounded(body: PassedBody, declared: number | undefined, maxBytes: number): PassedBody {
  const unknown = declared === undefined && body !== null && !(body instanceof Uint8Array);
  return unknown ? atMost(body, maxBytes) : body;
}

function asTpError(error: unknown): TpError {
  if (isTpError(error)) return error;
  return new TpError({ code: 'INTERNAL', message: 'the proxy failed', cause: error });
}

function overloaded(): TpError {
  return new TpError({ code: 'OVERLOADED', processed: 'no', message: 'too many requests wait' });
}

function tooBusy(): TpError {
  return new TpError({
    code: 'OVERLOADED',
    processed: 'no',
    message: 'the proxy has too much to do',
  });
}

function nobody(): TpError {
  return new TpError({ code: 'UNREACHABLE', processed: 'no', message: 'there is no upstream' });
}

/** RFC 9112 section 3.2: routes could go by either of them. */
const SEVERAL_HOSTS = ownAnswer(400, 'PROTOCOL: there is one Host\n');
const NO_ROUTE = ownAnswer(404, 'NO_ROUTE: no route is for this host and path\n');
const NOT_ALLOWED = ownAnswer(405, 'GET_ONLY: GET and HEAD only\n', ['Allow', 'GET, HEAD']);

function ownAnswer(status: number, text: string, fields: readonly string[] = []): ResponseInit {
  const body = Buffer.from(`${status} ${text}`);
  const type = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', `${body.length}`];
  return { status, headers: [...fields, ...type], body };
}
