import { join } from 'node:path';
import type { CodecName } from '@tp/wire';
import type { ServerExchange } from '../exchange/server-exchange.ts';
import type { Pool } from '../pool/pool.ts';
import type { Codec } from '../window/codec.ts';
import { portableDeflate } from '../window/portable-deflate.ts';
import { testCertificate } from './certificate.ts';
import { folder, pool, serve } from './ends.ts';

type Codecs = readonly (CodecName | Codec)[];

/** Ways to compress: what each end has. */
export const codecs: readonly { name: string; client: Codecs; server: Codecs }[] = [
  { name: 'zstd', client: ['zstd'], server: ['zstd'] },
  { name: 'deflate', client: ['deflate'], server: ['deflate'] },
  { name: 'portable deflate to native', client: [portableDeflate], server: ['deflate'] },
  { name: 'native deflate to portable', client: ['deflate'], server: [portableDeflate] },
  { name: 'no codec', client: ['none'], server: ['none'] },
];

export const transports = ['TCP', 'TLS', 'a unix socket'] as const;
export type Transport = (typeof transports)[number];

/** Every codec on every transport. */
export const combinations = transports.flatMap((transport) =>
  codecs.map((codec) => ({ transport, codec, name: `${codec.name} over ${transport}` })),
);

/** A server with that handler and a pool to it. */
export async function connect(
  { transport, codec }: (typeof combinations)[number],
  handle: (exchange: ServerExchange) => void,
): Promise<Pool> {
  const { url } = await serve(
    handle,
    { codecs: codec.server, tls: testCertificate },
    addressFor(transport),
  );
  return pool(url, { codecs: codec.client, tls: { ca: testCertificate.cert } });
}

function addressFor(transport: Transport): string {
  if (transport === 'TCP') return 'teleport://127.0.0.1:0';
  if (transport === 'TLS') return 'teleports://127.0.0.1:0';
  return `teleport+unix:${join(folder(), 'socket')}`;
}
