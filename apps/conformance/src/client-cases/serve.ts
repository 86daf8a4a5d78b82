import type { ClientLink } from '../engine/client-link.ts';
import type { ClientUnderTest } from '../engine/client-under-test.ts';
import { expectThat } from '../engine/failure.ts';
import type { Result } from '../engine/result.ts';
import type { SaidOf } from '../referee/said.ts';

/** Serves whatever requests come until the client reports. */
export async function serve(
  client: ClientUnderTest,
  link: ClientLink,
  answer: (request: SaidOf<'request'>) => unknown,
): Promise<readonly Result[]> {
  const results = client.results();
  const reported = results.then(() => undefined);
  for (;;) {
    let failure: unknown;
    const asked = link.request().catch((error: unknown) => {
      failure = error;
      return undefined;
    });
    const request = await Promise.race([asked, reported]);
    // A client that has all its answers may close its link before it reports.
    if (failure !== undefined && link.ended === undefined) throw failure;
    if (request === undefined) return results;
    await answer(request);
  }
}

/** Fails unless both are the same bytes. */
export function expectBytes(found: Uint8Array, wanted: Uint8Array): void {
  const isSame = Buffer.compare(found, wanted) === 0;
  expectThat(isSame, `the ${wanted.length} bytes`, `${found.length} bytes, or others`);
}
