import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { codedPieces, described, withoutBoundary } from './content.ts';
import type { Answered, Plan } from './plan.ts';
import type { SeenRequest, Stage } from './stage.ts';

/** A plan that is being played on one side. */
export interface Playing {
  readonly plan: Plan;
  readonly stage: Stage;
}

/** By this field a request says which exchange it belongs to. */
export const EXCHANGE = 'x-exchange';

/** A listener that answers each request as the plan of its exchange says, and writes down what it sees. */
export function scriptedListener(playing: ReadonlyMap<string, Playing>): RequestListener {
  return (req, res) => {
    const found = playing.get(String(req.headers[EXCHANGE]));
    if (found === undefined) {
      res.writeHead(500, 'No Such Exchange').end();
      return;
    }
    const { plan, stage } = found;
    const seen: SeenRequest = {
      line: `${req.method} ${req.url}`,
      fields: req.rawHeaders,
      body: '',
      finished: false,
    };
    const hop = plan.hops[stage.requests.length];
    stage.requests.push(seen);
    stage.closed.push(
      once(res, 'close').then(() => {
        seen.finished = res.writableFinished;
      }),
    );
    void new Scene(req, res, stage, seen).play(plan, hop);
  };
}

class Scene {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #stage: Stage;
  readonly #seen: SeenRequest;

  constructor(req: IncomingMessage, res: ServerResponse, stage: Stage, seen: SeenRequest) {
    this.#req = req;
    this.#res = res;
    this.#stage = stage;
    this.#seen = seen;
  }

  async play({ answered, leave }: Plan, hop: Plan['hops'][number] | undefined): Promise<void> {
    const res = this.#res;
    if (hop !== undefined) {
      await this.#read();
      res.writeHead(hop.status, hop.location === undefined ? {} : { location: hop.location });
      res.end('moved');
      return;
    }
    this.#stage.reached.resolve();
    if (leave === 'once it has asked') {
      this.#hold();
      return;
    }
    if (answered.reads === 'first' && !(await this.#read())) return;
    if (answered.cut === 'before the head') {
      this.#req.socket.destroy();
      return;
    }
    const { pieces, coding } = codedPieces(answered);
    res.writeHead(answered.status, answered.reason, headFields(answered, pieces, coding));
    if (answered.cut === 'at the head' || answered.reads === 'late' || leave === 'at the head') {
      res.flushHeaders();
    }
    if (leave === 'at the head') {
      this.#hold();
      return;
    }
    if (answered.cut === 'at the head') {
      await this.#stage.headSeen.promise;
      this.#req.socket.destroy();
      return;
    }
    if (answered.reads === 'late' && !(await this.#read())) return;
    const isHeld = leave === 'in the body' || leave === 'by cancelling';
    if (!(await this.#send(pieces, answered, isHeld))) return;
    if (isHeld) {
      this.#hold();
      return;
    }
    if (answered.trailers && !answered.declared)
      res.addTrailers({ 'X-Sum': String(pieces.length) });
    res.end();
  }

  /** Waits for the client to leave. Behind a body that is not read, HTTP would not notice it. */
  #hold(): void {
    this.#req.on('error', () => {}).resume();
  }

  /** Reads the request to its end; false when it has none. */
  async #read(): Promise<boolean> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of this.#req) {
        const bytes = Buffer.from(piece);
        pieces.push(bytes);
        this.#stage.there.add(bytes.length);
      }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      this.#seen.body = `broken off: ${String(error)} ${code}`;
      return false;
    }
    const text = withoutBoundary(Buffer.concat(pieces).toString('latin1'));
    this.#seen.body = text.length < 2000 ? text : described(Buffer.from(text, 'latin1'));
    return true;
  }

  /** Sends pieces at their pace; false when the response was cut. */
  async #send(pieces: readonly Buffer[], answered: Answered, isHeld: boolean): Promise<boolean> {
    let sent = 0;
    for (const piece of pieces) {
      this.#res.write(piece);
      sent += piece.length;
      if (isHeld) return true;
      if (answered.cut === 'in the body') {
        await this.#stage.here.reach(sent);
        this.#req.socket.destroy();
        return false;
      }
      if (answered.pace === 'in step') await this.#stage.here.reach(sent);
      if (answered.pace === 'slow') await turns();
    }
    return true;
  }
}

function headFields(
  { fields, declared, trailers }: Answered,
  pieces: readonly Buffer[],
  coding: string | undefined,
): string[] {
  const head = [...fields];
  if (coding !== undefined) head.push('Content-Encoding', coding);
  if (declared) {
    head.push('Content-Length', String(pieces.reduce((sum, { length }) => sum + length, 0)));
  } else if (trailers) head.push('Trailer', 'X-Sum');
  return head;
}

/** A few turns of the event loop: on loopback, time for what was sent to arrive alone. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
