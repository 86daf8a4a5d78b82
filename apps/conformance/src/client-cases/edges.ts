import type { ClientCase } from '../case.ts';
import { status } from '../craft/head.ts';
import { response } from '../craft/record.ts';
import { endsLink, needing } from './shapes.ts';

/** Situations in which a fault shows that the other cases of its rule pass by. */
export const edges: readonly ClientCase[] = [
  ...needing('ZSTD', [
    endsLink(
      'W-071',
      'ZSTD: a window above the offer ends the link, though its batch is whole',
      'COMPRESSION',
      (link, id) => {
        const offer = link.peer.offers.find(({ codec }) => codec === 'ZSTD');
        link.startWindow('ZSTD', (offer?.windowLog ?? 0) + 1);
        link.sendPacked([response(status(200), { id })]);
      },
    ),
  ]),
];
