import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { CERTIFICATE, KEY } from '../test/certificate.ts';
import { type AtEnd, type ProxyProcess, startProxyProcess } from '../test/proxy-process.ts';
import { startFar } from './pair.ts';

/** A pair as processes whose near proxy speaks HTTP/1.1 and HTTP/2, plain and over TLS. */
export interface FrontPair {
  readonly http: string;
  readonly https: string;
  readonly near: ProxyProcess;
  readonly far: ProxyProcess;
}

/**
 * Starts one in front of an origin.
 *
 * @param settings of both listeners, as in a configuration file.
 */
export async function startFrontPair(
  origin: string,
  settings = '',
  atEnd: AtEnd = onTestFinished,
): Promise<FrontPair> {
  const far = await startFar('teleport://127.0.0.1:0', origin, [], atEnd);
  const folder = mkdtempSync(join(tmpdir(), 'tp-front-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  const tls = 'tls: { certificates: [{ cert: cert.pem, key: key.pem }] }';
  const path = join(folder, 'tp.yaml');
  writeFileSync(
    path,
    `
admin: 127.0.0.1:0
listeners:
  - { url: "http://127.0.0.1:0", http2: true, ${settings} }
  - { url: "https://127.0.0.1:0", http2: true, ${tls}, ${settings} }
out: ${far.address}
`,
  );
  writeFileSync(join(folder, 'cert.pem'), CERTIFICATE);
  writeFileSync(join(folder, 'key.pem'), KEY);
  const near = await startProxyProcess(['--config', path], atEnd);
  const [http = '', https = ''] = near.listening.in;
  return { http, https, near, far };
}
