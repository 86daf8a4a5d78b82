import { createTransportServer, type TransportServer } from '@tp/transport';
import { answerEcho } from './echo.ts';
import { listen, say } from './part.ts';
import { figure } from './said.ts';

// Servers that restart within one process: `restart-servers.js HOW_MANY`. When told to "restart" one,
// the next listens on its port before it is closed.
const servers: { server: TransportServer; url: string }[] = [];
for (let lane = 0; lane < Number(process.argv[2]); lane++) {
  servers.push(await open('teleport://127.0.0.1:0'));
}
say({ kind: 'listening', counts: servers.map(({ url }, lane) => [url, lane]) });

listen((said) => {
  if (said.kind === 'restart') void restart(figure(said, 'lane'));
});

async function open(address: string): Promise<{ server: TransportServer; url: string }> {
  const server = createTransportServer(answerEcho(), { reusePort: true });
  return { server, url: await server.listen(address) };
}

async function restart(lane: number): Promise<void> {
  const last = servers[lane];
  if (last === undefined) return;
  servers[lane] = await open(last.url);
  await last.server.close();
  say({ kind: `restarted ${lane}` });
}
