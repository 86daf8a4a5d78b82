import type { RequestOptions } from '../types.ts';
import { mismatch, type RequestBody, requestBody } from './request-body.ts';
import { fieldsOf, outgoingHead } from './request-head.ts';
import type { DispatchOptions } from './types.ts';
import { invalidArgument } from './undici-error.ts';

/** What undici gives a dispatcher, as the client takes it. */
export interface OutgoingRequest {
  readonly request: Pick<RequestOptions, 'method' | 'path' | 'headers' | 'idempotent'>;
  readonly body: RequestBody;
  /** The length of the body in bytes, when it is known. */
  readonly length: number | undefined;
  /** The protocol to switch to, as `websocket`. */
  readonly protocol: string | undefined;
}

/** Methods whose request says that its body is empty (RFC 9110 section 8.6), as undici has them. */
const EXPECT_BODY: ReadonlySet<string> = new Set([
  'PUT',
  'POST',
  'PATCH',
  'QUERY',
  'PROPFIND',
  'PROPPATCH',
]);

/** @throws {UndiciError} for what undici refuses as well, and for a body that is not as long as declared. */
export function outgoingRequest(options: DispatchOptions): OutgoingRequest {
  const { method, idempotent } = options;
  if (method === 'CONNECT') throw noTunnel();
  const { path, raw, contentLength, hasContentType } = outgoingHead(options);
  const body = requestBody(options.body);
  const { contentType } = body;
  if (contentType !== undefined && !hasContentType) raw.push('content-type', contentType);
  const length = body.whole?.length ?? body.length ?? (body.stream ? contentLength : 0);
  if (contentLength !== undefined && length !== contentLength && length !== 0) throw mismatch();
  if (length !== undefined && (length > 0 || EXPECT_BODY.has(method))) {
    raw.push('content-length', String(length));
  }
  const request = { method, path, headers: fieldsOf(raw) };
  return {
    request: idempotent === undefined ? request : { ...request, idempotent },
    body,
    length,
    protocol: protocolOf(options),
  };
}

/** The error of a tunnel, for which a link has no way. */
export function noTunnel(): Error {
  return invalidArgument('CONNECT cannot be asked for over tp', 'UND_ERR_NOT_SUPPORTED');
}

function protocolOf({ upgrade, body }: DispatchOptions): string | undefined {
  if (upgrade === undefined || upgrade === null || upgrade === false) return undefined;
  if (typeof upgrade !== 'string') throw invalidArgument('upgrade must be a string');
  if (body !== undefined && body !== null) throw invalidArgument('an upgrade has no body');
  return upgrade;
}
