import { openSync, writeSync } from 'node:fs';
import { createTransportServer } from '@tp/transport';
import { answerEcho } from './echo.ts';
import { memory } from './memory.ts';
import { listen, say } from './part.ts';
import { machineNow } from './said.ts';

// A server of a trial: `echo-server.js URL [IDS]`. It listens when told to "listen", says how many
// links it has when told to "count" and its memory when told to "memory", appends the ids that come to the file IDS, and ends well at SIGTERM.
const [url = '', ids = ''] = process.argv.slice(2);
const file = ids === '' ? undefined : openSync(ids, 'a');
const server = createTransportServer(
  answerEcho((id) => {
    if (file !== undefined) writeSync(file, `${id}\n`);
  }),
  { reusePort: true, insecure: true },
);

listen(({ kind }) => {
  if (kind === 'listen') void open();
  if (kind === 'memory') memory();
  if (kind === 'count') say({ kind: 'count', figures: { links: server.stats().links.length } });
});
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
say({ kind: 'started' });

async function open(): Promise<void> {
  const text = await server.listen(url);
  say({ kind: 'listening', text, figures: { at: machineNow() } });
}
