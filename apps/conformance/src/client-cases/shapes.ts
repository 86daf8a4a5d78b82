import type { ClientCase } from '../case.ts';
import type { Code, CodecName } from '../codes.ts';
import { type Head, op, STATUS } from '../craft/head.ts';
import { blob, type Crafted, response } from '../craft/record.ts';
import type { ClientLink } from '../engine/client-link.ts';
import type { LinkInit } from '../engine/link.ts';
import { expectAnswer, expectError, type Wanted } from '../engine/result.ts';
import { get } from './ask.ts';

const KEPT = 20;
const KEPT_NAME = 21;

/** What the kit says for a case, of the first request and another that is under way. */
type Say = (link: ClientLink, id: number, other: number) => unknown;

/** One code, or those of which any will do where several rules are broken (W-026). */
type Codes = Code | readonly [Code, ...Code[]];

/** The head of a response 200 with these operations behind its status. */
export function ok(ops: Head['ops'] = [], ...text: readonly string[]): Head {
  return { ops: [op.value(STATUS), ...ops], text: ['200', ...text] };
}

/** The head of an informational response with these operations behind its status. */
export function info(ops: Head['ops'] = [], ...text: readonly string[]): Head {
  return { ops: [op.value(STATUS), ...ops], text: ['103', ...text] };
}

/** Something that is legal: both requests are answered as if nothing had been. */
export function isFine(rule: string, name: string, say: Say, init: LinkInit = {}): ClientCase {
  const answering: Say = async (link, id, other) => {
    await say(link, id, other);
    link.answer(id, 200, [], { body: 'first' });
  };
  return answers(rule, name, { status: 200, body: 'first' }, answering, init);
}

/** Something that is an answer to the first request; the link goes on and answers another. */
export function answers(
  rule: string,
  name: string,
  wanted: Wanted,
  say: Say,
  init: LinkInit = {},
): ClientCase {
  return {
    rule,
    name,
    requests: [get('/first'), get('/last')],
    async run(client) {
      const link = await client.link(init);
      const { id } = await link.request('/first');
      const last = await link.request('/last');
      await say(link, id, last.id);
      link.answer(last.id, 200, [], { body: 'last' });
      const results = await client.results();
      expectAnswer(results[0], wanted);
      expectAnswer(results[1], { status: 200, body: 'last' });
    },
  };
}

/** Something that ends the link with that code, which the client reports, with doubt about its requests. */
export function endsLink(
  rule: string,
  name: string,
  codes: Codes,
  say: Say,
  init: LinkInit = {},
): ClientCase {
  const [code, ...others] = typeof codes === 'string' ? [codes] : codes;
  return {
    rule,
    name,
    requests: [get('/first'), get('/held')],
    async run(client) {
      const link = await client.link(init);
      const { id } = await link.request('/first');
      const held = await link.request('/held');
      await say(link, id, held.id);
      await link.fails(code, ...others);
      expectError((await client.results())[1], [code, ...others], 'maybe');
    },
  };
}

/** Records each of which, sent alone, ends the link with that code. */
export function eachEndsLink(
  rule: string,
  codes: Codes,
  said: readonly (readonly [what: string, record: (id: number) => Crafted])[],
): ClientCase[] {
  return said.map(([what, record]) =>
    endsLink(rule, `${what} ends the link`, codes, (link, id) => link.send(record(id))),
  );
}

/**
 * Something that ends the first request's stream with that code, in doubt, and nothing else: the
 * other one is answered with a head that refers to what was stored before.
 */
export function endsStream(rule: string, name: string, code: Code, say: Say): ClientCase {
  return {
    rule,
    name,
    requests: [get('/first'), get('/last')],
    async run(client) {
      const link = await client.link();
      const { id } = await link.request('/first');
      const last = await link.request('/last');
      const storing = info([op.name(KEPT_NAME), op.store(KEPT_NAME, KEPT)], 'X-Kept', 'kept');
      link.send(response(storing, { id: last.id }, false));
      await say(link, id, last.id);
      await link.cancelled(id, code);
      link.send(response(ok([op.field(KEPT)]), { id: last.id }));
      const results = await client.results();
      expectError(results[0], [code], 'maybe');
      expectAnswer(results[1], { status: 200, fields: [['X-Kept', 'kept']] });
    },
  };
}

/** A response that the kit says, and what the client must make of it. */
export interface Step {
  readonly head: Head;
  /** Blobs before it. */
  readonly blobs?: readonly string[];
  /** The fields that it has, when it is legal. */
  readonly fields?: readonly (readonly [string, string])[];
  /** What ends its stream, when it is not. */
  readonly code?: Code;
}

/** Responses one after the other, each to a request of its own, and one more behind them. */
export function heads(rule: string, name: string, ...steps: readonly Step[]): ClientCase {
  const paths = [...steps.map((_, at) => `/${at}`), '/last'];
  return {
    rule,
    name,
    requests: paths.map((path) => get(path)),
    async run(client) {
      const link = await client.link();
      const ids: number[] = [];
      for (const path of paths) ids.push((await link.request(path)).id);
      for (const [at, { head, blobs = [], code }] of steps.entries()) {
        const id = ids[at] ?? 0;
        link.send(...blobs.map(blob), response(head, { id }));
        if (code !== undefined) await link.cancelled(id, code);
      }
      link.answer(ids.at(-1) ?? 0, 200);
      const results = await client.results();
      for (const [at, { code, fields = [] }] of steps.entries()) {
        if (code !== undefined) expectError(results[at], [code], 'maybe');
        else expectAnswer(results[at], { status: 200, fields });
      }
      expectAnswer(results.at(-1), { status: 200 });
    },
  };
}

/** Cases in which the kit packs, so that the client must offer the codec. */
export function needing(codec: CodecName, cases: readonly ClientCase[]): ClientCase[] {
  return cases.map((one) => ({ ...one, needs: codec }));
}
