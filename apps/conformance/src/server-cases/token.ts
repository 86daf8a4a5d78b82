import type { ServerCase } from '../case.ts';
import { get } from '../craft/head.ts';
import { request } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import { text } from '../engine/text.ts';

/** Section 3: what a server does that asks for a token. */
export const token: readonly ServerCase[] = [
  {
    rule: 'W-024',
    name: 'a link that shows the token is taken',
    needs: 'token',
    async run(server) {
      const link = await server.open({ token: server.token });
      await link.alive();
    },
  },
  ...(
    [
      ['none', () => ''],
      ['another', () => 'another token'],
      ['the token without its end', (right: string) => right.slice(0, -1)],
      ['the token and more', (right: string) => `${right}x`],
      ['a token of 16,000 bytes', () => 'x'.repeat(16_000)],
    ] as const
  ).map(
    ([what, shown]): ServerCase => ({
      rule: 'W-024',
      name: `a link that shows ${what} is told REFUSED behind preface and hello, and nothing that it asked is handled`,
      needs: 'token',
      async run(server) {
        const path = `/hit/${server.name('token')}`;
        const link = await server.dial({ token: shown(server.token) });
        link.greet();
        link.send(request(get(path)));
        await link.next('hello');
        const said = await link.next('goaway', ({ final }) => final, 'the final Goaway');
        expectEqual('the code', said.code, 'REFUSED');
        expectEqual('the last id', said.lastId, 0);
        await link.closes();
        const right = await server.open({ token: server.token });
        const name = path.replace('/hit/', '/hits/');
        expectEqual('hits', text((await right.get(name)).body), '0');
      },
    }),
  ),
];
