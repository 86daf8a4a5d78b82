import type { DispatchController, DispatchHandler, ResponseFields } from '../index.ts';

/** What a handler was told, in order, in terms that both generations share. */
export interface Recorder {
  readonly handler: DispatchHandler;
  readonly log: unknown[];
  /** Every piece of the body together. */
  body(): string;
  /** Resolves with `log` when the exchange is over. */
  readonly over: Promise<unknown[]>;
  readonly started: Promise<void>;
  readonly answered: Promise<void>;
  abort(reason?: Error): void;
  resume(): void;
}

/** What a recorder does when it is told something. */
export interface Acts {
  /** Called when the exchange has begun. */
  onStart?(abort: (reason?: Error) => void): void;
  onHead?(): void;
  /** Whether to pause at the response's head. */
  readonly pausesAtHead?: boolean;
  /** Whether to pause at each piece. */
  readonly pausesAtPiece?: boolean;
}

export const generations = ['callbacks', 'controller'] as const;

/** A handler of either generation that writes down what it is told. */
export function recorder(generation: (typeof generations)[number], acts: Acts = {}): Recorder {
  const log: unknown[] = [];
  const pieces: Buffer[] = [];
  const over = Promise.withResolvers<unknown[]>();
  const started = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  let abort: (reason?: Error) => void = () => {};
  let resume = () => {};
  const begin = (given: (reason?: Error) => void) => {
    abort = given;
    log.push('start');
    acts.onStart?.(given);
    started.resolve();
  };
  const head = (status: number, raw: readonly Buffer[], reason: string) => {
    log.push(['head', status, reason, raw.map((one) => one.toString('latin1'))]);
    if (status < 200) return;
    acts.onHead?.();
    answered.resolve();
  };
  const end = (what: unknown) => {
    log.push(what);
    over.resolve(log);
  };
  const callbacks: DispatchHandler = {
    onConnect: begin,
    onHeaders(status, raw, onResume, reason) {
      resume = onResume;
      head(status, raw, reason);
      return status < 200 || acts.pausesAtHead !== true;
    },
    onData(piece) {
      pieces.push(piece);
      return acts.pausesAtPiece !== true;
    },
    onComplete: (trailers) => end(['end', (trailers ?? []).map(String)]),
    onError: (error) => end(error),
  };
  const controller: DispatchHandler = {
    onRequestStart(given) {
      resume = () => given.resume();
      begin((reason) => given.abort(reason));
    },
    onResponseStart(given: DispatchController, status, headers: ResponseFields, reason = '') {
      const raw = buffers(given.rawHeaders);
      const names = new Set(
        raw.filter((_, i) => i % 2 === 0).map((name) => String(name).toLowerCase()),
      );
      if (names.size !== Object.keys(headers).length) log.push(['other fields', headers]);
      head(status, raw, reason);
      if (status >= 200 && acts.pausesAtHead === true) given.pause();
    },
    onResponseData(given, piece) {
      pieces.push(piece);
      if (acts.pausesAtPiece === true) given.pause();
    },
    onResponseEnd: (given) => end(['end', buffers(given.rawTrailers).map(String)]),
    onResponseError: (_given, error) => end(error),
  };
  return {
    handler: generation === 'callbacks' ? callbacks : controller,
    log,
    body: () => Buffer.concat(pieces).toString('latin1'),
    over: over.promise,
    started: started.promise,
    answered: answered.promise,
    abort: (reason) => abort(reason),
    resume: () => resume(),
  };
}

/** Raw fields as a client's dispatcher has them. */
function buffers(raw: DispatchController['rawHeaders']): Buffer[] {
  if (!Array.isArray(raw)) return [];
  return raw.flatMap((one) => (one instanceof Buffer ? [one] : []));
}
