import type { ServerCase } from '../case.ts';
import { windowStart } from '../craft/envelope.ts';
import { get, op, PATH } from '../craft/head.ts';
import type { Offer } from '../craft/hello.ts';
import { packOnce } from '../craft/packer.ts';
import { batch, request } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import { KitWindow } from '../engine/kit-window.ts';
import type { ServerLink } from '../engine/server-link.ts';
import { counted, text } from '../engine/text.ts';
import { endsLink, GET } from './shapes.ts';

const MOST = 16;
const plain = batch([GET]);
const packed = packOnce(plain);

/** Asks for a target through a window, and expects it back. */
async function target(link: ServerLink, window: KitWindow, path: string): Promise<void> {
  const { body } = await link.answer(window.send(request(get(path))));
  expectEqual('the target', text(body), path);
}

/** The shared window, and as many isolated ones as the server takes, with its codecs in turn. */
function windowsOf(link: ServerLink, count = link.peer.limits.windows): KitWindow[] {
  const { offers } = link.peer;
  const most = Math.min(count, MOST);
  return Array.from({ length: most + 1 }, (_, id) => {
    const { codec, windowLog }: Offer = offers[id % offers.length] ?? {
      codec: 'DEFLATE',
      windowLog: 15,
    };
    return new KitWindow(link, id, codec, windowLog);
  });
}

function withWindows(
  name: string,
  run: (link: ServerLink, windows: readonly KitWindow[]) => Promise<void>,
): ServerCase {
  return {
    rule: 'W-075',
    name,
    needs: 'windows',
    async run(server) {
      const link = await server.open();
      const windows = windowsOf(link);
      await run(link, windows);
      for (const one of windows) one.close();
    },
  };
}

const taken: readonly ServerCase[] = [
  withWindows('windows beside the shared one go on, each by itself', async (link, windows) => {
    for (let turn = 0; turn < 4; turn++) {
      for (const one of windows) await target(link, one, '/target/that/repeats/and/repeats');
    }
  }),
  withWindows('a window that is let go leaves the others alone', async (link, windows) => {
    for (const one of windows) await target(link, one, '/target/that/repeats/and/repeats');
    windows[1]?.letGo();
    for (const one of windows) await target(link, one, '/target/that/repeats/and/repeats');
  }),
  withWindows('table and ids are shared by all windows', async (link, [shared, isolated]) => {
    if (shared === undefined || isolated === undefined) return;
    const store = { ops: [op.value(0), op.store(PATH, 4)], text: ['GET', '/target/kept'] };
    await link.answer(isolated.send(request(store)));
    const refer = request({ ops: [op.value(0), op.field(4)], text: ['GET'] });
    expectEqual('the target', text((await link.answer(shared.send(refer))).body), '/target/kept');
  }),
];

/** An envelope that names that window, which may not be. */
function names(rule: string, name: string, idOf: (link: ServerLink) => number): ServerCase {
  return endsLink(rule, name, 'COMPRESSION', (link) => {
    const window = windowStart('DEFLATE', 15);
    const parts = { packed, unpackedSize: plain.length, window, windowId: idOf(link) };
    link.sendParts(parts, plain);
  });
}

const refused: readonly ServerCase[] = [
  names(
    'W-075',
    'a window above the limit of the hello ends the link',
    (link) => Math.min(link.peer.limits.windows, MOST) + 1,
  ),
  names('W-075', 'window 17 ends the link, whatever the hello says', () => MOST + 1),
  names('W-075', 'window 2^32 - 1 ends the link', () => 2 ** 32 - 1),
  endsLink(
    'W-075',
    'a window above the limit ends the link, though nothing is packed in it',
    'COMPRESSION',
    (link) => link.sendParts({ plain, windowId: MOST + 1 }),
  ),
  {
    ...endsLink(
      'W-019',
      'packed in an isolated window that has not started ends the link, though the shared one runs',
      'COMPRESSION',
      async (link) => {
        const [shared] = windowsOf(link, 0);
        if (shared !== undefined) await target(link, shared, '/target/that/repeats');
        link.sendParts({ packed, unpackedSize: plain.length, windowId: 1 }, plain);
      },
    ),
    needs: 'windows',
  },
];

const sending: readonly ServerCase[] = [
  {
    rule: 'W-075',
    name: 'a server that may use isolated windows packs so that it can be unpacked',
    async run(server) {
      for (const windows of [1, 16, 2 ** 32 - 1]) {
        const link = await server.open({ limits: { windows } });
        for (let i = 0; i < 3; i++) await link.alive();
        expectEqual('the body', (await link.get('/bytes/100000')).body.length, 100_000);
        expectEqual('the body', text((await link.get('/bytes/3')).body), text(counted(3)));
      }
    },
  },
];

/** Section 9: windows beside the shared one. */
export const isolated: readonly ServerCase[] = [...taken, ...refused, ...sending];
