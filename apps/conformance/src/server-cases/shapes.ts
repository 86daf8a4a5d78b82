import type { ServerCase } from '../case.ts';
import type { Code, CodecName, Processed } from '../codes.ts';
import { get, op } from '../craft/head.ts';
import { type Crafted, request } from '../craft/record.ts';
import { expectEqual } from '../engine/failure.ts';
import type { ServerLink } from '../engine/server-link.ts';
import type { ServerUnderTest } from '../engine/server-under-test.ts';

const KEPT = 20;
const KEPT_NAME = 21;

/** What the kit says for a case. */
type Say = (link: ServerLink) => unknown;

/** Something that is legal: the link goes on as if nothing had been. */
export function isFine(rule: string, name: string, say: Say): ServerCase {
  return {
    rule,
    name,
    async run(server) {
      const link = await server.open();
      await say(link);
      await link.alive();
    },
  };
}

/** Something that ends the link with that code, or one of those where several rules are broken (W-026). */
export function endsLink(
  rule: string,
  name: string,
  codes: Code | readonly [Code, ...Code[]],
  say: Say,
): ServerCase {
  const [code, ...others] = typeof codes === 'string' ? [codes] : codes;
  return {
    rule,
    name,
    async run(server) {
      const link = await server.open();
      await link.alive();
      await say(link);
      await link.fails(code, ...others);
    },
  };
}

/** Cases in which the kit packs, so that the server must offer the codec. */
export function needing(codec: CodecName, cases: readonly ServerCase[]): ServerCase[] {
  return cases.map((one) => ({ ...one, needs: codec }));
}

/** Records each of which, sent alone, ends the link with that code. */
export function eachEndsLink(
  rule: string,
  codes: Code | readonly [Code, ...Code[]],
  said: readonly (readonly [what: string, record: Crafted])[],
): ServerCase[] {
  return said.map(([what, record]) =>
    endsLink(rule, `${what} ends the link`, codes, (link) => link.send(record)),
  );
}

/** Something that ends its stream with that code and one of those truths, and nothing else. */
export function endsStream(
  rule: string,
  name: string,
  code: Code,
  truths: readonly Processed[],
  say: (link: ServerLink, server: ServerUnderTest) => number | Promise<number>,
): ServerCase {
  return {
    rule,
    name,
    async run(server) {
      const link = await server.open();
      const other = await remember(link);
      await link.cancelled(await say(link, server), code, ...truths);
      await other();
    },
  };
}

/** Stores a field. What comes back shows that the link works and the table has it still. */
export async function remember(link: ServerLink): Promise<() => Promise<void>> {
  const program = get('/echo');
  const storing = [op.name(KEPT_NAME), op.store(KEPT_NAME, KEPT)];
  const text = [...(program.text ?? []), 'X-Echo-Kept', 'kept'];
  await echoes(link, link.ask({ ops: [...(program.ops ?? []), ...storing], text }));
  return async () => {
    const ops = [...(program.ops ?? []), op.field(KEPT)];
    await echoes(link, link.ask({ ops, text: program.text ?? [] }));
  };
}

async function echoes(link: ServerLink, id: number): Promise<void> {
  const { fields } = await link.answer(id);
  expectEqual('the fields that /echo gives back', fields, [['X-Echo-Kept', 'kept']]);
}

/** A GET of / as a record, for what goes with others in one envelope. */
export const GET = request(get('/'));
