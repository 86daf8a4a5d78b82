import { createServer } from '@tp/http';
import { TRAFFIC_SEED } from '../measure/case.ts';
import { serveHttp1 } from '../peers/http1-server.ts';
import { makeHandler } from '../systems/tp.ts';
import { makeExchanges } from '../traffic/kinds.ts';
import { GOODPUT_EXCHANGES, GOODPUT_PORTS } from './goodput-ports.ts';
import { listen, say } from './part.ts';

// The service behind a slow link: `goodput-server.js HOST`. Told to "listen", it answers the exchanges
// by tp with each codec, and by HTTP/1.1, at a port each.
const [host = ''] = process.argv.slice(2);

listen(({ kind }) => {
  if (kind === 'listen') void open();
});
say({ kind: 'started' });

async function open(): Promise<void> {
  const exchanges = makeExchanges('rtb', TRAFFIC_SEED, GOODPUT_EXCHANGES);
  const handler = makeHandler(exchanges);
  for (const [name, port] of GOODPUT_PORTS) {
    if (name === 'http1') await serveHttp1(exchanges, host, port);
    else {
      const server = createServer(handler, { codecs: [name], insecure: true });
      await server.listen(`teleport://${host}:${port}`);
    }
  }
  say({ kind: 'listening' });
}
