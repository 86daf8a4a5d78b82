import { post } from '../craft/head.ts';
import type { Rest } from '../craft/record.ts';
import { Failure } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import type { ServerUnderTest } from '../engine/server-under-test.ts';
import { text } from '../engine/text.ts';

/** How long to wait before the count is asked for again, in ms. */
const PAUSE_MS = 10;

/** How many requests are held under a name. */
export async function held(link: ServerLink, name: string): Promise<number> {
  return Number(text((await link.get(`/held/${name}`)).body));
}

/** Asks for `/hold/NAME` and waits until the handler has it: from then on, NO would be a lie (W-092). */
export async function hold(
  server: ServerUnderTest,
  link: ServerLink,
  name: string,
  rest: Rest = {},
): Promise<number> {
  const id = link.ask(post(`/hold/${name}`), rest);
  await until(server, link, name, (count) => count > 0);
  return id;
}

/** Waits until none is held under a name: a handler's end may be seen a little later. */
export async function expectNoneHeld(
  server: ServerUnderTest,
  link: ServerLink,
  name: string,
): Promise<void> {
  await until(server, link, name, (count) => count === 0);
}

async function until(
  server: ServerUnderTest,
  link: ServerLink,
  name: string,
  isRight: (count: number) => boolean,
): Promise<void> {
  const giveUpAt = performance.now() + server.timeoutMs;
  for (let count = await held(link, name); !isRight(count); count = await held(link, name)) {
    if (performance.now() > giveUpAt)
      throw new Failure('another count', `${count} held as ${name}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
