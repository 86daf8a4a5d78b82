import { createPool } from '@tp/transport';
import { type CodecName, RequestHead } from '@tp/wire';
import type { Order } from '../engine/order.ts';
import { ownLinkOptions } from './options.ts';
import { follow } from './orders.ts';

/** What `GET /next` answers. */
type Next = (Order & { readonly case: string }) | { readonly done: true };

/** Takes orders at that port, as docs/implementing.md says, until there are none. */
export async function takeOrders(
  port: number,
  codecs: readonly CodecName[],
  token?: string,
): Promise<void> {
  const address = `teleport://127.0.0.1:${port}`;
  const options = { ...ownLinkOptions(codecs), ...(token === undefined ? {} : { token }) };
  const control = createPool([address], options);
  const ask = async (): Promise<Next> => {
    const answer = await control.call({ head: new RequestHead('GET', '/next?one-way&upgrade') });
    const next: Next = JSON.parse(await answer.text());
    return next;
  };
  for (let next = await ask(); !('done' in next); next = await ask()) {
    const results = await follow(address, options, next);
    const body = Buffer.from(JSON.stringify({ case: next.case, results }));
    const head = new RequestHead('POST', '/result');
    const answer = await control.call({ head, stream: { source: once(body) } });
    await answer.bytes();
  }
  await control.close();
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}
