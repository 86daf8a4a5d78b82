import type { ClientCase } from '../case.ts';
import { goaway } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import { expectAnswer, expectError } from '../engine/result.ts';
import { get } from './ask.ts';

/** Section 3: what a client does that has a token to show. */
export const token: readonly ClientCase[] = [
  {
    rule: 'W-024',
    name: 'the hello of a client that has a token shows it',
    needs: 'token',
    requests: [get('/a')],
    async run(client) {
      const link = await client.link();
      expectEqual('the token', link.peer.token, client.token);
      const { id } = await link.request('/a');
      link.answer(id, 200);
      expectAnswer((await client.results())[0], { status: 200 });
    },
  },
  {
    rule: 'W-024',
    name: 'a client whose token is refused has nothing processed',
    needs: 'token',
    requests: [get('/a')],
    async run(client) {
      const link = await client.link();
      link.send(goaway(0, true, 'REFUSED'));
      link.endWriting();
      await link.closes();
      expectError((await client.results())[0], [], 'no');
    },
  },
];
