import { expect, test } from 'vitest';
import { boundTo, start } from '../test/chain.ts';
import { rawOrigin } from '../test/raw-origin.ts';
import { figuresOf } from './figures.ts';
import { createMetrics } from './metrics.ts';
import { stats } from './stats.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

test('bytes on the wire are told for each peer of a pool, and add up', async () => {
  const origin = await rawOrigin((socket) => void socket.write(OK));
  const far = [
    await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]),
    await start(['--in', 'teleport://127.0.0.1:0', '--out', origin.address]),
  ];
  const near = await start(['--in', 'http://127.0.0.1:0', '--out', far.map(boundTo).join(',')]);
  for (let i = 0; i < 20 || stats(near).links.length < 2; i++) {
    expect((await fetch(`${boundTo(near)}/${i}`)).status).toBe(200);
  }

  const { peers, wireBytes, requests } = stats(near);
  expect(peers.map(({ peer }) => peer).toSorted()).toEqual(far.map(boundTo).toSorted());
  expect(peers.reduce((sum, peer) => sum + peer.wireBytesOut, 0)).toBe(wireBytes.out);
  expect(peers.reduce((sum, peer) => sum + peer.requests, 0)).toBe(requests.total);
  const text = await createMetrics().text(figuresOf(near));
  for (const { peer, wireBytesIn, wireBytesOut } of peers) {
    expect(wireBytesOut).toBeGreaterThan(0);
    expect(text).toContain(`tp_wire_bytes_total{direction="in",peer="${peer}"} ${wireBytesIn}\n`);
    expect(text).toContain(`tp_wire_bytes_total{direction="out",peer="${peer}"} ${wireBytesOut}\n`);
    expect(text).toContain(`tp_links{peer="${peer}",state="open"} 1\n`);
  }
  for (const proxy of far) {
    expect(stats(proxy).peers).toMatchObject([{ peer: boundTo(proxy), links: 1 }]);
  }
});
