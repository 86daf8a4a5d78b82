import { createTransportServer } from '@tp/transport';
import { ownLinkOptions, parseOwnOptions } from './own/options.ts';
import { Service } from './own/service.ts';

/* Our own server as one to be tested: `node dist/own-server.js --port N [--codec zstd|deflate|none] [--token TEXT]`. */

const { port, codecs, token } = parseOwnOptions(process.argv.slice(2));
const service = new Service();
const server = createTransportServer((exchange) => service.handle(exchange), {
  ...ownLinkOptions(codecs),
  ...(token === undefined ? {} : { tokens: [token] }),
});
process.stdout.write(`${await server.listen(`teleport://127.0.0.1:${port}`)}\n`);
process.once('SIGTERM', () => void server.close());
