import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Span } from '@opentelemetry/api';
import type { DiagnosticEvents } from '@tp/transport';
import type { OutgoingRequest } from '../exchange.ts';

/** A span of a hop over a link, and when its call began, in ms. */
interface Hop {
  readonly span: Span;
  readonly startedMs: number;
}

/** The batch that a link fills: how many calls it has, and the spans of those that are traced. */
interface Filling {
  calls: number;
  readonly spans: Span[];
}

/**
 * Tells spans what becomes of their calls on links: how long a request waited for its batch, how many
 * calls share that, and what the batches of request and response took before packing and on the wire.
 * All of it comes from what links tell on `node:diagnostics_channel`.
 */
export class LinkCalls {
  readonly #hops = new WeakMap<object, Hop>();
  /** By the link's number. */
  readonly #filling = new Map<number, Filling>();
  readonly #received = new Map<number, DiagnosticEvents['tp:batch:received']>();
  readonly #unsubscribe: (() => void)[] = [];
  #expected: { readonly span: Span; readonly request: OutgoingRequest } | undefined;

  constructor() {
    this.#on('tp:call:start', ({ side, call, method, path }) => {
      const expected = this.#expected;
      if (side !== 'client' || expected === undefined) return;
      this.#expected = undefined;
      const { span, request } = expected;
      if (request.method !== method || request.path !== path) return;
      this.#hops.set(call, { span, startedMs: performance.now() });
    });
    this.#on('tp:call:written', ({ call, link, peer }) => {
      const filling = this.#filling.get(link) ?? { calls: 0, spans: [] };
      this.#filling.set(link, filling);
      filling.calls += 1;
      const hop = this.#hops.get(call);
      if (hop === undefined) return;
      filling.spans.push(hop.span);
      hop.span.setAttributes({
        'tp.link': link,
        'tp.peer': peer ?? '',
        'tp.request.wait_ms': performance.now() - hop.startedMs,
      });
    });
    this.#on('tp:batch:sent', ({ link, unpackedBytes, wireBytes }) => {
      const filling = this.#filling.get(link);
      if (filling === undefined) return;
      this.#filling.delete(link);
      for (const span of filling.spans) {
        span.setAttributes({
          'tp.request.batch.calls': filling.calls,
          'tp.request.batch.unpacked_bytes': unpackedBytes,
          'tp.request.batch.wire_bytes': wireBytes,
        });
      }
    });
    this.#on('tp:batch:received', (event) => {
      if (event.side === 'client') this.#received.set(event.link, event);
    });
    this.#on('tp:call:answered', ({ call, link }) => {
      const batch = this.#received.get(link);
      if (batch === undefined) return;
      this.#hops.get(call)?.span.setAttributes({
        'tp.response.batch.unpacked_bytes': batch.unpackedBytes,
        'tp.response.batch.wire_bytes': batch.wireBytes,
      });
    });
    this.#on('tp:link:close', ({ link }) => {
      this.#filling.delete(link);
      this.#received.delete(link);
    });
  }

  /** The call that begins next, in what runs now, is this request's. */
  expect(span: Span, request: OutgoingRequest): void {
    this.#expected = { span, request };
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #on<Name extends keyof DiagnosticEvents>(
    name: Name,
    listener: (event: DiagnosticEvents[Name]) => void,
  ): void {
    const told: Told<DiagnosticEvents[Name]> = { take: listener };
    this.#unsubscribe.push(listen(name, told));
  }
}

/** Takes what one channel tells. A method, as Node's channels say nothing of types. */
interface Told<Event> {
  take(event: Event): void;
}

function listen(name: string, told: Told<unknown>): () => void {
  const listener = (event: unknown): void => told.take(event);
  subscribe(name, listener);
  return () => void unsubscribe(name, listener);
}
