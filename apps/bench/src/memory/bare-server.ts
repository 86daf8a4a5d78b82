import http from 'node:http';

// The least that a client costs a server in this runtime: prints {"port":N}, answers every request, and
// lives until its stdin ends. It collects all garbage when a line comes.

const server = http.createServer((_request, response) => void response.end('ok'));
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.stdin.on('data', () => {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  process.stdout.write('{}\n');
});
process.stdin.on('end', () => process.exit());
