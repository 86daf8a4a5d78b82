import { STATUS_CODES } from 'node:http';
import type { Sent, TrafficRequest, TrafficResponse } from './exchange.ts';

/** The bytes of a request as HTTP/1.1: request line, fields, empty line, body. */
export function requestHttp1(request: TrafficRequest): Uint8Array {
  const head = `${request.method} ${request.path} HTTP/1.1\r\n${fieldLines(request.headers)}\r\n`;
  return joined(head, request.body);
}

/** The bytes of a response as HTTP/1.1: status line with the usual reason, fields, empty line, body. */
export function responseHttp1(response: TrafficResponse): Uint8Array {
  const reason = STATUS_CODES[response.status] ?? '';
  const head = `HTTP/1.1 ${response.status} ${reason}\r\n${fieldLines(response.headers)}\r\n`;
  return joined(head, response.body);
}

/** How many bytes a request and its response take as HTTP/1.1 together. */
export function exchangeHttp1Bytes(exchange: Sent): number {
  return requestHttp1(exchange.request).length + responseHttp1(exchange.response).length;
}

function fieldLines(headers: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return lines;
}

function joined(head: string, body: Uint8Array | null): Uint8Array {
  const start = Buffer.from(head, 'latin1');
  return body === null ? start : Buffer.concat([start, body]);
}
