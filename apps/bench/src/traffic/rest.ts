import type { Exchange } from './exchange.ts';
import { momentOf } from './moment.ts';
import { Random } from './random.ts';
import {
  makeOrder,
  makeOrderInput,
  makeProduct,
  makeProductChange,
  makeProductPage,
} from './rest-resources.ts';
import { hex, token, uuid } from './tokens.ts';

/** One call of the API: the request's side and the answer's side of it. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly requestBody?: object;
  readonly status: number;
  readonly responseBody?: object;
}

const HOSTS = ['api.shop.example', 'api.shop.example', 'partner-api.shop.example'] as const;
const AGENTS = [
  'shop-web/2026.3.1 node',
  'shop-app-gateway/7.12.0',
  'merchant-sync/1.9 (java 21)',
  'axios/1.7.7',
] as const;
const TOKEN_HEADER = Buffer.from('{"alg":"ES256","typ":"JWT","kid":"shop-2026-01"}').toString(
  'base64url',
);
const EMPTY = new Uint8Array(0);
/** How many access tokens are in use at once, one for each calling service and tenant; the busy ones come more often. */
const SESSIONS = 60;

/**
 * Makes the exchanges of a shop's JSON API between its services: products and orders, read and
 * written, with bearer tokens, ETags and dates. The result is called with an index: equal seed and
 * index, equal bytes.
 */
export function restTraffic(seed: number): (index: number) => Exchange {
  const sessions = makeSessions(seed);
  return (index) => {
    const random = new Random(seed ^ 0x72657374, index);
    const now = momentOf(index);
    const id = uuid(random);
    const call = makeCall(random, now);
    return {
      id,
      request: {
        method: call.method,
        path: call.path,
        ...requestParts(random, id, random.pickSkewed(sessions), call),
      },
      response: { status: call.status, ...responseParts(random, id, now, call) },
    };
  };
}

function makeSessions(seed: number): [string, ...string[]] {
  const random = new Random(seed, 0x746f6b65);
  const rest = Array.from({ length: SESSIONS - 1 }, () => bearer(random));
  return [bearer(random), ...rest];
}

/** A signed JSON web token (ES256) as an authorization field carries it; its claims are real JSON, its signature random. */
function bearer(random: Random): string {
  const issued = 1_772_400_000 + random.int(0, 36_000);
  const claims = {
    iss: 'https://login.shop.example',
    sub: uuid(random),
    aud: 'shop-api',
    scope: random.pick(['catalog:read', 'catalog:read orders:write', 'orders:read orders:write']),
    iat: issued,
    exp: issued + 43_200,
    jti: token(random, 22),
  };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `Bearer ${TOKEN_HEADER}.${payload}.${token(random, 86)}`;
}

function requestParts(random: Random, id: string, authorization: string, call: Call) {
  const body =
    call.requestBody === undefined ? null : Buffer.from(JSON.stringify(call.requestBody));
  const headers = [
    'Host',
    random.pick(HOSTS),
    'Accept',
    'application/json',
    'User-Agent',
    random.pickSkewed(AGENTS),
    'Authorization',
    authorization,
    'X-Request-Id',
    id,
    'traceparent',
    `00-${hex(random, 32)}-${hex(random, 16)}-01`,
  ];
  if (call.status === 304) headers.push('If-None-Match', `"${hex(random, 16)}"`);
  if (body !== null)
    headers.push('Content-Type', 'application/json', 'Content-Length', String(body.length));
  return { headers, body };
}

function responseParts(random: Random, id: string, now: Date, call: Call) {
  const body =
    call.responseBody === undefined ? EMPTY : Buffer.from(JSON.stringify(call.responseBody));
  const headers = [
    'Date',
    now.toUTCString(),
    'X-Request-Id',
    id,
    'Cache-Control',
    call.method === 'GET' ? 'private, max-age=30' : 'no-store',
    'X-RateLimit-Remaining',
    String(random.int(0, 5000)),
  ];
  if (call.method === 'GET') headers.push('ETag', `"${hex(random, 16)}"`);
  if (body.length > 0)
    headers.push(
      'Content-Type',
      'application/json; charset=utf-8',
      'Content-Length',
      String(body.length),
    );
  return { headers, body };
}

function makeCall(random: Random, now: Date): Call {
  const draw = random.unit();
  if (draw < 0.28)
    return detail(`/v1/products/${random.int(100_000, 999_999)}`, makeProductPage(random, now));
  if (draw < 0.46) return productList(random, now);
  if (draw < 0.6) return detail(`/v1/orders/${uuid(random)}`, makeOrder(random, now, true));
  if (draw < 0.7) return orderList(random, now);
  if (draw < 0.74)
    return { method: 'GET', path: `/v1/products/${random.int(100_000, 999_999)}`, status: 304 };
  if (draw < 0.77) return notFound(random);
  if (draw < 0.88) return placeOrder(random, now);
  if (draw < 0.97) return changeProduct(random, now);
  return {
    method: 'DELETE',
    path: `/v1/carts/${uuid(random)}/items/${random.int(1, 9)}`,
    status: 204,
  };
}

function detail(path: string, body: object): Call {
  return { method: 'GET', path, status: 200, responseBody: body };
}

function productList(random: Random, now: Date): Call {
  const page = random.pickSkewed([1, 2, 3, 4, 5, 6, 7, 8]);
  const size = random.pick([5, 10, 15]);
  const items = Array.from({ length: size }, () => makeProduct(random, now));
  const path = `/v1/products?category=${random.pick(['outdoor', 'kitchen', 'audio', 'bags'])}&page=${page}&pageSize=${size}&sort=-updatedAt`;
  return detail(path, { items, page, pageSize: size, totalItems: random.int(50, 4000) });
}

function orderList(random: Random, now: Date): Call {
  const items = Array.from({ length: random.int(2, 14) }, () => makeOrder(random, now, false));
  return detail(`/v1/orders?customerId=${random.int(10_000, 9_999_999)}&limit=20`, {
    items,
    nextCursor: token(random, 32),
  });
}

function notFound(random: Random): Call {
  const id = random.int(100_000, 999_999);
  return {
    method: 'GET',
    path: `/v1/products/${id}`,
    status: 404,
    responseBody: {
      type: 'https://api.shop.example/problems/not-found',
      title: 'Not found',
      status: 404,
      detail: `There is no product ${id}.`,
    },
  };
}

function placeOrder(random: Random, now: Date): Call {
  const input = makeOrderInput(random);
  const answer = { ...makeOrder(random, now, false), ...input };
  return {
    method: 'POST',
    path: '/v1/orders',
    requestBody: input,
    status: 201,
    responseBody: answer,
  };
}

function changeProduct(random: Random, now: Date): Call {
  const product = makeProduct(random, now);
  return {
    method: 'PUT',
    path: `/v1/products/${product.id}`,
    requestBody: makeProductChange(random),
    status: 200,
    responseBody: product,
  };
}
