import type { ClientCase } from '../case.ts';
import { windowStart } from '../craft/envelope.ts';
import { status } from '../craft/head.ts';
import { packOnce } from '../craft/packer.ts';
import { batch, response } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import { KitWindow } from '../engine/kit-window.ts';
import { expectAnswer } from '../engine/result.ts';
import { get } from './ask.ts';
import { endsLink } from './shapes.ts';

const MOST = 16;
const FIELDS = [['x-repeats', 'the same again and again']] as const;

/** An answer in a window that may not be. */
function names(name: string, idOf: (link: ClientLink) => number): ClientCase {
  return endsLink('W-075', name, 'COMPRESSION', (link, id) => {
    const plain = batch([response(status(200), { id })]);
    const window = windowStart('DEFLATE', 15);
    const packed = packOnce(plain);
    link.sendParts({ packed, unpackedSize: plain.length, window, windowId: idOf(link) }, plain);
  });
}

/** Section 9: windows beside the shared one. */
export const isolated: readonly ClientCase[] = [
  names(
    'a window above the limit of the hello ends the link',
    (link) => Math.min(link.peer.limits.windows, MOST) + 1,
  ),
  names('window 17 ends the link, whatever the hello says', () => MOST + 1),
  {
    rule: 'W-075',
    name: 'windows beside the shared one go on, each by itself, and one that is let go alone starts anew',
    needs: 'windows',
    requests: Array.from({ length: 12 }, (_, i) => get(`/${i}`)),
    async run(client) {
      const link = await client.link();
      const [offer = { codec: 'DEFLATE', windowLog: 15 } as const] = link.peer.offers;
      const shared = new KitWindow(link, 0, offer.codec, offer.windowLog);
      const own = new KitWindow(link, 1, offer.codec, offer.windowLog);
      for (let i = 0; i < 12; i++) {
        const { id } = await link.request(`/${i}`);
        if (i === 6) own.letGo();
        const window = i % 2 === 0 ? shared : own;
        window.send(response(status(200, FIELDS), { id, body: `answer ${i}` }));
      }
      for (const [i, result] of (await client.results()).entries()) {
        expectAnswer(result, { status: 200, fields: FIELDS, body: `answer ${i}` });
      }
      shared.close();
      own.close();
    },
  },
];
