import { once } from 'node:events';
import { createServer } from 'node:http';
import { demoExchanges } from './traffic.ts';

// The service behind the far proxy, in a process of its own: plain HTTP, one fixed answer for each
// request that the generator makes, found by its x-request-id. It prints one line when it listens.
const answers = new Map(demoExchanges().map(({ id, response }) => [id, response]));

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const answer = answers.get(String(request.headers['x-request-id']));
    if (answer === undefined) {
      response.writeHead(404, { 'content-length': 0 }).end();
      return;
    }
    response.sendDate = false;
    response.writeHead(answer.status, [...answer.headers]).end(answer.body);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;
process.stdout.write(`${JSON.stringify({ msg: 'listening', in: [`http://127.0.0.1:${port}`] })}\n`);
