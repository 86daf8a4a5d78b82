import { createTransportServer } from '@tp/transport';
import type { CodecName } from '@tp/wire';
import { describe, expect, it } from 'vitest';
import type { CaseResult } from './case.ts';
import { clientCases } from './client-cases/all.ts';
import { ClientDriver } from './engine/drive-client.ts';
import { driveServer } from './engine/drive-server.ts';
import { takeOrders } from './own/client.ts';
import { ownLinkOptions } from './own/options.ts';
import { Service } from './own/service.ts';
import { serverCases } from './server-cases/all.ts';

const OPTIONS = { timeoutMs: 10_000, done: () => {} };
/** With everything that can be packed, and with nothing; `self` tries each codec alone. */
const CODECS: readonly { readonly codecs: readonly CodecName[] }[] = [
  { codecs: ['zstd', 'deflate'] },
  { codecs: ['none'] },
];

function failures(results: readonly CaseResult[]): string[] {
  return results.filter(({ ok }) => !ok).map(({ rule, name, why }) => `${rule} ${name}: ${why}`);
}

describe.each(CODECS)('our own peers with $codecs', { timeout: 120_000 }, ({ codecs }) => {
  it('pass every case for servers', async () => {
    const service = new Service();
    const server = createTransportServer(
      (exchange) => service.handle(exchange),
      ownLinkOptions(codecs),
    );
    const url = new URL(await server.listen('teleport://127.0.0.1:0'));
    const target = { host: url.hostname, port: Number(url.port) };
    const { results, omitted } = await driveServer(target, serverCases, OPTIONS);
    await server.close();
    expect(failures(results)).toEqual([]);
    expect(results.length + omitted).toBe(serverCases.length);
  });

  it('pass every case for clients', async () => {
    const driver = await ClientDriver.listen(0, OPTIONS);
    const client = takeOrders(driver.port, codecs);
    const { results, omitted } = await driver.drive(clientCases);
    await client;
    driver.close();
    expect(failures(results)).toEqual([]);
    expect(results.length + omitted).toBe(clientCases.length);
  });
});
