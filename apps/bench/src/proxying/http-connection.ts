import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const EMPTY = Buffer.alloc(0);

/**
 * A kept HTTP/1.1 connection that costs a load generator little: it sends one request at a time, and
 * compares each answer's status and body with what is due.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #body: Buffer;
  #held: Buffer = EMPTY;
  #done: ((error: Error | undefined) => void) | undefined;

  private constructor(socket: Socket, body: Buffer) {
    this.#socket = socket;
    this.#body = body;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the connection was closed')));
  }

  /** @param body what each answer must have. */
  static async open(port: number, body: Buffer): Promise<HttpConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new HttpConnection(socket, body);
  }

  /** Sends a request; `done` hears when the right answer is there, or what went wrong. */
  send(request: Buffer, done: (error: Error | undefined) => void): void {
    this.#done = done;
    this.#socket.write(request);
  }

  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const headEnd = this.#held.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#held.toString('latin1', 0, headEnd);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    const bodyAt = headEnd + HEAD_END.length;
    if (this.#held.length < bodyAt + length) return;
    const body = this.#held.subarray(bodyAt);
    this.#held = EMPTY;
    const isRight = head.startsWith('HTTP/1.1 200 ') && body.equals(this.#body);
    this.#end(isRight ? undefined : new Error(`another answer came: ${head.slice(0, 100)}`));
  }

  #end(error: Error | undefined): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }
}
