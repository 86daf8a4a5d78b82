import { expect, it } from 'vitest';
import { requestHttp1, responseHttp1 } from './http1.ts';

it('writes a request as HTTP/1.1', () => {
  const bytes = requestHttp1({
    method: 'POST',
    path: '/a?b=c',
    headers: ['Host', 'h', 'Content-Length', '2'],
    body: Buffer.from('{}'),
  });
  expect(Buffer.from(bytes).toString()).toBe(
    'POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}',
  );
});

it('writes a response as HTTP/1.1 with the usual reason', () => {
  const bytes = responseHttp1({ status: 204, headers: ['Server', 's'], body: new Uint8Array(0) });
  expect(Buffer.from(bytes).toString()).toBe('HTTP/1.1 204 No Content\r\nServer: s\r\n\r\n');
});
