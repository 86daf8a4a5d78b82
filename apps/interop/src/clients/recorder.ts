import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

/** What an origin saw of one request. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly rawTrailers: readonly string[];
  /** Its length in bytes and a digest of it; how much of one that broke off came through is chance. */
  readonly body: string;
  readonly aborted: boolean;
}

/** A Node listener, and what it has seen since it was asked last. */
export interface Origin {
  readonly listener: RequestListener;
  /** Resolves with the requests so far, once all of them are over; and forgets them. */
  take(): Promise<SeenRequest[]>;
  /** Resolves when the next request has come. */
  readonly next: Promise<void>;
}

/** Answers a request whose whole body has come. */
export type Answer = (req: IncomingMessage, res: ServerResponse, body: Buffer) => void;

/**
 * An origin that writes down all that comes.
 *
 * @param answer is given each request with its body.
 * @param early says which are answered without waiting for their body, and how.
 */
export function createRecorder(
  answer: Answer,
  early: (req: IncomingMessage) => Answer | undefined = () => undefined,
): Origin {
  let running = 0;
  let seen: SeenRequest[] = [];
  let next = Promise.withResolvers<void>();

  const record = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    running++;
    next.resolve();
    next = Promise.withResolvers();
    const pieces: Buffer[] = [];
    res.on('close', () => {
      const { method = '', url = '', rawTrailers } = req;
      const aborted = !res.writableFinished;
      const body = Buffer.concat(pieces);
      seen.push({
        method,
        url,
        rawHeaders: req.rawHeaders.map((text) => unbound(text, req)),
        rawTrailers,
        body: aborted ? 'not told' : digest(Buffer.from(unbound(body.toString('latin1'), req))),
        aborted,
      });
      running--;
    });
    const at = early(req);
    if (at !== undefined) {
      req.resume();
      at(req, res, Buffer.alloc(0));
      return;
    }
    try {
      for await (const piece of req) pieces.push(piece);
    } catch {
      return;
    }
    answer(req, res, Buffer.concat(pieces));
  };

  return {
    listener: (req, res) => void record(req, res),
    get next() {
      return next.promise;
    },
    async take() {
      while (running > 0) await turn();
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** A part of a request without the boundary of its form, which clients make up anew each time. */
function unbound(text: string, req: IncomingMessage): string {
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(req.headers['content-type'] ?? '');
  return boundary?.[1] === undefined ? text : text.replaceAll(boundary[1], 'BOUNDARY');
}

/** The length of bytes, and which ones they are. */
export function digest(bytes: Uint8Array): string {
  return `${bytes.length} ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
}

/** Answers with JSON that has a length. */
export function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(value);
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    ...headers,
    'Content-Length': Buffer.byteLength(text),
  });
  res.end(text);
}
