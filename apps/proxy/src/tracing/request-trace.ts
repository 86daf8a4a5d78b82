import type * as OpenTelemetry from '@opentelemetry/api';
import type { Context, Span, TextMapGetter, Tracer } from '@opentelemetry/api';
import type { Request, ResponseInit } from '@tp/http';
import { Fields, type TpError } from '@tp/wire';
import { addressOf } from '../client-fields.ts';
import { errorAnswer } from '../error-answer.ts';
import type { OutgoingRequest } from '../exchange.ts';
import { TRACEPARENT, TRACESTATE } from '../traceparent.ts';
import type { Destination, Watch } from '../watch.ts';
import { watchedBody } from '../watched-body.ts';
import type { LinkCalls } from './link-calls.ts';

/** What the traces of all requests share. */
export interface TraceContext {
  readonly api: typeof OpenTelemetry;
  readonly tracer: Tracer;
  readonly links: LinkCalls;
}

/**
 * The spans of one request, by OpenTelemetry's conventions for HTTP: one for the request as it came
 * in, which goes on with the trace that it came with, and one for each attempt to send it on, which
 * is what the next program is told of.
 */
export class RequestTrace implements Watch {
  readonly #with: TraceContext;
  readonly #context: Context;
  readonly #span: Span;
  readonly #method: string;
  #attempts = 0;
  #hop: Span | undefined;

  constructor(shared: TraceContext, listener: string, request: Request) {
    const { api, tracer } = shared;
    const parent = api.propagation.extract(api.ROOT_CONTEXT, request.headers, GETTER);
    this.#with = shared;
    this.#method = METHODS.has(request.method) ? request.method : '_OTHER';
    this.#span = tracer.startSpan(
      this.#name,
      {
        kind: api.SpanKind.SERVER,
        attributes: {
          'http.request.method': this.#method,
          // What is asked for is often a secret, or somebody's name.
          'url.path': request.path.split('?')[0] ?? '',
          'tp.listener': listener,
          ...attribute('server.address', request.headers.get('host')),
          ...attribute('client.address', addressOf(request.peer)),
        },
      },
      parent,
    );
    this.#context = api.trace.setSpan(parent, this.#span);
  }

  sends({ group, upstream }: Destination, outgoing: OutgoingRequest): OutgoingRequest {
    const { api, tracer, links } = this.#with;
    const overLink = upstream.peerHealth !== undefined;
    const resends = this.#attempts;
    this.#attempts += 1;
    const hop = tracer.startSpan(
      this.#name,
      {
        kind: api.SpanKind.CLIENT,
        attributes: {
          'http.request.method': this.#method,
          'network.protocol.name': overLink ? 'tp' : 'http',
          'server.address': upstream.name,
          'tp.group': group,
          ...(resends === 0 ? undefined : { 'http.request.resend_count': resends }),
        },
      },
      this.#context,
    );
    this.#hop = hop;
    const told = new Map<string, string>();
    api.propagation.inject(api.trace.setSpan(this.#context, hop), told, SETTER);
    const sent = told.size === 0 ? outgoing : { ...outgoing, headers: put(outgoing.headers, told) };
    if (overLink) links.expect(hop, sent);
    return sent;
  }

  retried(error: TpError): void {
    this.#endHop(error);
  }

  answered(response: ResponseInit): ResponseInit {
    const { status = 200, body } = response;
    this.#span.setAttribute('http.response.status_code', status);
    this.#hop?.setAttribute('http.response.status_code', status);
    if (typeof body === 'string' || body instanceof Uint8Array) {
      this.#end(status, Buffer.byteLength(body), true);
    } else if (body === undefined || body === null) {
      this.#end(status, 0, true);
    } else {
      let bytes = 0;
      const piece = ({ length }: Uint8Array): void => {
        bytes += length;
      };
      const ended = (whole: boolean): void => this.#end(status, bytes, whole);
      return { ...response, body: watchedBody(body, { piece, ended }) };
    }
    return response;
  }

  failed(error: TpError): void {
    this.#endHop(error);
    const { code, message } = error;
    this.#span.setAttribute('error.type', code);
    if (code !== 'CANCEL') {
      this.#span.setAttribute('http.response.status_code', errorAnswer(error).status);
      this.#fail(this.#span, message);
    }
    this.#span.end();
  }

  get #name(): string {
    return this.#method === '_OTHER' ? 'HTTP' : this.#method;
  }

  #endHop({ code, processed, message }: TpError): void {
    const hop = this.#hop;
    if (hop === undefined) return;
    this.#hop = undefined;
    hop.setAttributes({ 'error.type': code, 'tp.processed': processed });
    this.#fail(hop, message);
    hop.end();
  }

  #end(status: number, bytes: number, whole: boolean): void {
    for (const span of [this.#hop, this.#span]) {
      if (span === undefined) continue;
      span.setAttribute('http.response.body.size', bytes);
      if (!whole) {
        span.setAttribute('error.type', 'broken_off');
        this.#fail(span, 'the body did not come to its end');
        // Of an answer of 400 to 499, the client is to blame, who is us on the way on.
      } else if (status >= (span === this.#span ? 500 : 400)) {
        span.setAttribute('error.type', `${status}`);
        this.#fail(span);
      }
      span.end();
    }
  }

  #fail(span: Span, message?: string): void {
    const code = this.#with.api.SpanStatusCode.ERROR;
    span.setStatus(message === undefined ? { code } : { code, message });
  }
}

/** Others could be any text: there would be as many kinds of spans. */
const METHODS: ReadonlySet<string> = new Set(
  'CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE'.split(' '),
);

const GETTER: TextMapGetter<Fields> = {
  keys: (fields) => Array.from(fields, ([name]) => name),
  get: (fields, name) => fields.getAll(name),
};

const SETTER = {
  set: (told: Map<string, string>, name: string, value: string): void => {
    told.set(name.toLowerCase(), value);
  },
};

/**
 * With these fields instead of those of their names. A `tracestate` belongs to its `traceparent`, and
 * goes with it.
 */
function put({ raw }: Fields, told: ReadonlyMap<string, string>): Fields {
  const replaced = new Set([...told.keys(), ...(told.has(TRACEPARENT) ? [TRACESTATE] : [])]);
  const fields: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (!replaced.has(name.toLowerCase())) fields.push(name, raw[i + 1] ?? '');
  }
  for (const [name, value] of told) fields.push(name, value);
  return new Fields(fields);
}

function attribute(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}
