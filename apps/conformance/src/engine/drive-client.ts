import { createServer, type Server, type Socket } from 'node:net';
import type { ClientCase, Findings } from '../case.ts';
import type { SaidOf } from '../referee/said.ts';
import { ClientLink } from './client-link.ts';
import { ClientUnderTest, type Conversation } from './client-under-test.ts';
import type { DriveOptions } from './drive-server.ts';
import { expectEqual, Failure } from './failure.ts';
import { type Result, readResults } from './result.ts';
import { applicable, playInTurn } from './run.ts';

/** The longest body that goes with its head (W-040), in bytes. */
const MAX_BODY = 65_536;
/** What a client asks for its next order by; its query names what it can do. */
const NEXT = '/next';

/** The place where the kit waits for a client to test. */
export class ClientDriver {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  readonly #options: DriveOptions;
  #wake: () => void = () => {};
  #control: ClientLink | undefined;
  /** The request for an order that came with the control link, until it is answered. */
  #asked: number | undefined;
  /** Why the client cannot be asked anything further. */
  #lost: Error | undefined;

  private constructor(server: Server, options: DriveOptions) {
    this.#server = server;
    this.#options = options;
    server.on('connection', (socket: Socket) => {
      this.#sockets.push(socket);
      this.#wake();
    });
  }

  /** Listens on that port of every address. */
  static async listen(port: number, options: DriveOptions): Promise<ClientDriver> {
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, resolve);
    });
    return new ClientDriver(server, options);
  }

  /** Where it listens. */
  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Waits for a client as long as it takes, gives it one order after the other, and sends it home. */
  async drive(cases: readonly ClientCase[]): Promise<Findings> {
    this.#control = await this.#meet();
    const first = await nextOrder(this.#control);
    this.#asked = first.id;
    const abilities = new Set(first.path.slice(NEXT.length + 1).split('&'));
    const fitting = applicable(cases, {
      ...this.#control.peer,
      oneWay: abilities.has('one-way'),
      upgrade: abilities.has('upgrade'),
      token: this.#options.token,
    });
    const results = await playInTurn(fitting, {
      done: this.#options.done,
      play: (one) => this.#play(one),
    });
    if (this.#lost === undefined) await this.#dismiss();
    return { results, omitted: cases.length - fitting.length };
  }

  /** Takes no further client. */
  close(): void {
    this.#control?.destroy();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #meet(): Promise<ClientLink> {
    const socket = await this.#nextSocket(Number.POSITIVE_INFINITY);
    const control = new ClientLink(socket, 'dialer', {}, this.#options.timeoutMs);
    socket.resume();
    await control.next('hello');
    control.greet();
    return control;
  }

  async #play(one: ClientCase): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    const conversation = await this.#order(one);
    const client = new ClientUnderTest(conversation, this.#options.token);
    try {
      await one.run(client);
      client.judge();
    } finally {
      client.close();
      await client.results().catch((error: unknown) => this.#lose(error));
    }
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** Answers the client's GET /next with an order. */
  async #order({ name, requests, close = false }: ClientCase): Promise<Conversation> {
    const { timeoutMs } = this.#options;
    try {
      const control = this.#controlLink();
      const id = this.#asked ?? (await nextOrder(control)).id;
      this.#asked = undefined;
      for (const stray of this.#sockets.splice(0)) stray.destroy();
      await order(control, id, { case: name, requests, close });
      return {
        timeoutMs,
        nextSocket: () => this.#nextSocket(timeoutMs),
        results: () => this.#results(name, requests.length),
      };
    } catch (error) {
      this.#lose(error);
      throw error;
    }
  }

  async #results(name: string, count: number): Promise<readonly Result[]> {
    const control = this.#controlLink();
    const { id, body, more } = await control.request('/result');
    const bytes = more ? (await control.rest(id)).body : body;
    const report = readResults(Buffer.from(bytes).toString());
    control.answer(id, 200);
    expectEqual('the case of the report', report.name, name);
    expectEqual('the number of results', report.results.length, count);
    return report.results;
  }

  async #dismiss(): Promise<void> {
    const control = this.#controlLink();
    const id = this.#asked ?? (await nextOrder(control)).id;
    await order(control, id, { done: true });
    await control.closes();
  }

  #controlLink(): ClientLink {
    if (this.#control === undefined) throw new Failure('the control link', 'nothing');
    return this.#control;
  }

  #lose(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#lost ??= new Failure('the client on its control link', why);
  }

  async #nextSocket(timeoutMs: number): Promise<Socket> {
    const giveUpAt = performance.now() + timeoutMs;
    for (;;) {
      const socket = this.#sockets.shift();
      if (socket !== undefined) return socket;
      const left = giveUpAt - performance.now();
      if (left <= 0) throw new Failure('a new link', `none in ${timeoutMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = left < Number.POSITIVE_INFINITY ? setTimeout(resolve, left) : undefined;
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Takes GET /next. */
async function nextOrder(control: ClientLink): Promise<SaidOf<'request'>> {
  const isNext = ({ path }: SaidOf<'request'>) => path.split('?')[0] === NEXT;
  return control.next('request', isNext, `a request for ${NEXT}`);
}

/** Answers GET /next, in JSON. */
async function order(control: ClientLink, id: number, said: object): Promise<void> {
  const body = Buffer.from(JSON.stringify(said));
  if (body.length <= MAX_BODY) {
    control.answer(id, 200, [], { body });
    return;
  }
  control.answer(id, 200, [], { more: true });
  await control.upload(id, body);
}
