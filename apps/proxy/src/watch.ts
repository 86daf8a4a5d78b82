import type { Request, ResponseInit } from '@tp/http';
import type { TpError } from '@tp/wire';
import type { OutgoingRequest, Upstream } from './exchange.ts';

/** Looks on as requests pass: the access log, traces, the sample of `measure`. */
export interface Watcher {
  /** A request has come; undefined when it is of no interest. */
  begin(listener: string, request: Request): Watch | undefined;
}

/** Looks on as one request passes. Ends with `answered` or `failed`. */
export interface Watch {
  /** An attempt begins. Gives what is to be sent: the same, or with something added. */
  sends(to: Destination, outgoing: OutgoingRequest): OutgoingRequest;
  /** The attempt has failed, and another begins. */
  retried(error: TpError): void;
  /** The response to pass on instead: the same, or one whose body is looked at. */
  answered(response: ResponseInit): ResponseInit;
  /** It ends with an answer of the proxy's own, or with none when the client left. */
  failed(error: TpError): void;
}

/** Where an attempt goes. */
export interface Destination {
  readonly group: string;
  readonly upstream: Upstream;
}

/** Several as one; each sees what those before it have made of request and response. */
export function watchTogether(watchers: readonly Watcher[]): Watcher {
  const [first, second] = watchers;
  if (first !== undefined && second === undefined) return first;
  return {
    begin(listener, request) {
      let only: Watch | undefined;
      let all: Watch[] | undefined;
      for (const watcher of watchers) {
        const watch = watcher.begin(listener, request);
        if (watch === undefined) continue;
        if (all !== undefined) all.push(watch);
        else if (only !== undefined) all = [only, watch];
        else only = watch;
      }
      return all === undefined ? only : together(all);
    },
  };
}

function together(watches: readonly Watch[]): Watch {
  return {
    sends: (to, outgoing) => watches.reduce((sent, watch) => watch.sends(to, sent), outgoing),
    retried: (error) => {
      for (const watch of watches) watch.retried(error);
    },
    answered: (response) => watches.reduce((passed, watch) => watch.answered(passed), response),
    failed: (error) => {
      for (const watch of watches) watch.failed(error);
    },
  };
}
