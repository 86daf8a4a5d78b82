import { takeOrders } from './own/client.ts';
import { parseOwnOptions } from './own/options.ts';

/* Our own client as one to be tested: `node dist/own-client.js --port N [--codec zstd|deflate|none] [--token TEXT]`. */

const { port, codecs, token } = parseOwnOptions(process.argv.slice(2));
await takeOrders(port, codecs, token);
