import { createTransportServer } from '@tp/transport';
import { Fields, ResponseHead } from '@tp/wire';
import { listen, say } from './part.ts';

// A server of limited capacity: `overload-server.js KIND HANDLERS MS`. Of the kind "waiting", each
// handler waits for so long; of the kind "busy", it computes all the while. So many may run at once.
const [kind = '', handlers = '0', ms = '0'] = process.argv.slice(2);
const OK = new ResponseHead(200, new Fields(['content-type', 'text/plain']));
const BODY = Buffer.from('done');
const server = createTransportServer(
  (exchange) => {
    if (kind === 'waiting') {
      setTimeout(() => exchange.respond(OK, BODY, undefined), Number(ms));
      return;
    }
    const end = performance.now() + Number(ms);
    while (performance.now() < end);
    exchange.respond(OK, BODY, undefined);
  },
  { limits: { maxRunningHandlers: Number(handlers) } },
);

listen(() => {});
say({ kind: 'listening', text: await server.listen('teleport://127.0.0.1:0') });
