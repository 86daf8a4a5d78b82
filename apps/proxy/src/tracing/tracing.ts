import type * as OpenTelemetry from '@opentelemetry/api';
import { version } from '../config/help.ts';
import type { Watcher } from '../watch.ts';
import { LinkCalls } from './link-calls.ts';
import { RequestTrace } from './request-trace.ts';

/** Spans of OpenTelemetry for each request. */
export interface Tracing {
  readonly watcher: Watcher;
  /** Makes no further span for links. */
  close(): void;
}

/**
 * Takes `@opentelemetry/api`, and through it whatever SDK this process was started with; without one,
 * there are no spans, and trace context passes as it came.
 *
 * @throws {Error} when it is not installed.
 */
export async function openTracing(): Promise<Tracing> {
  const api = await load();
  const tracer = api.trace.getTracer('tp-proxy', version());
  const links = new LinkCalls();
  return {
    watcher: {
      begin: (listener, request) => new RequestTrace({ api, tracer, links }, listener, request),
    },
    close: () => links.close(),
  };
}

async function load(): Promise<typeof OpenTelemetry> {
  try {
    return await import('@opentelemetry/api');
  } catch (cause) {
    throw new Error(
      'tracing needs @opentelemetry/api, which is not installed: npm install @opentelemetry/api, or leave tracing out',
      { cause },
    );
  }
}
