import { type RecordSink, RequestHead, type ResponseHead } from '@tp/wire';
import type { Message } from './message.ts';

/** Takes messages out of batches and compares them with those that went in. */
export class ComparingSink implements RecordSink {
  #read: Message[] = [];

  /**
   * Compares what was read since the last time: as many messages, each one's names and values equal
   * in order and case, each body byte for byte.
   *
   * @throws {Error} that shows the first head that differs.
   */
  compare(due: readonly Message[]): void {
    const read = this.#read;
    this.#read = [];
    if (read.length !== due.length) {
      throw new Error(`${read.length} messages were read, ${due.length} were written`);
    }
    for (const [i, message] of due.entries()) {
      const found = read[i];
      const [wanted, got] = [show(message), found === undefined ? '' : show(found)];
      if (got !== wanted) throw new Error(`${got} was read where ${wanted} was written`);
      if (Buffer.compare(found?.body ?? EMPTY, message.body ?? EMPTY) !== 0) {
        throw new Error(`another body was read than was written with ${wanted}`);
      }
    }
  }

  request(
    _id: number,
    head: RequestHead,
    _more: boolean,
    _timeoutMs: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#read.push({ head, body: bytes.slice(start, end) });
  }

  response(
    _id: number,
    head: ResponseHead,
    _more: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#read.push({ head, body: bytes.slice(start, end) });
  }

  flawed(): void {
    throw new Error('a message was refused');
  }

  data(): void {}
  trailers(): void {}
  credit(): void {}
  cancel(): void {}
  ping(): void {}
  pong(): void {}
  goaway(): void {}
  hello(): void {}
  glitch(): void {}
}

const EMPTY = new Uint8Array(0);

function show({ head }: Message): string {
  const start = head instanceof RequestHead ? [head.method, head.path] : [head.status, head.reason];
  return JSON.stringify([...start, ...head.fields.raw]);
}
