import {
  FLAG,
  type Frame,
  fieldBlock,
  frame,
  framesOf,
  H2_PREFACE,
  requestFields,
  TYPE,
} from './h2-frames.ts';
import { rawClient } from './raw-client.ts';

/** A client that speaks HTTP/2 frame by frame, and says of itself whatever it is told. */
export interface RawH2Client {
  send(...frames: Uint8Array[]): void;
  readonly frames: Frame[];
  /** Resolves with the first frame that satisfies a condition. */
  got(condition: (frame: Frame) => boolean): Promise<Frame>;
  /** Resolves with all frames, when the other side has closed. */
  closed(): Promise<Frame[]>;
  readonly isClosed: boolean;
  /** Sends no more. */
  end(): void;
  destroy(): void;
}

/** Connects by prior knowledge and sends the preface and settings; ends with the test. */
export async function rawH2Client(address: string): Promise<RawH2Client> {
  const client = await rawClient(address);
  const send = (...frames: Uint8Array[]): void =>
    client.write(Buffer.concat(frames).toString('latin1'));
  const framesIn = (text: string): Frame[] => framesOf(Buffer.from(text, 'latin1'));
  send(H2_PREFACE, frame(TYPE.settings, 0, 0), frame(TYPE.settings, FLAG.ack, 0));
  return {
    send,
    get frames() {
      return framesIn(client.received);
    },
    got: async (condition) => {
      let found: Frame | undefined;
      await client.got((text) => {
        found = framesIn(text).find(condition);
        return found !== undefined;
      });
      if (found === undefined) throw new Error('the frame that was found is gone');
      return found;
    },
    closed: async () => framesIn(await client.closed()),
    get isClosed() {
      return client.ending !== undefined;
    },
    end: client.end,
    destroy: client.destroy,
  };
}

/** The frames of a request that ends with its head, cut at 16 KiB. */
export function getFrames(
  stream: number,
  path: string,
  more: readonly (readonly [string, string])[] = [],
): Buffer {
  return headFrames(stream, fieldBlock(requestFields(path, more)), FLAG.endStream);
}

/** The frames of a field block, cut at 16 KiB. */
export function headFrames(stream: number, block: Buffer, flags = 0): Buffer {
  const size = 16_384;
  const frames: Buffer[] = [];
  for (let at = 0; at < block.length || at === 0; at += size) {
    const isLast = at + size >= block.length;
    const type = at === 0 ? TYPE.headers : TYPE.continuation;
    const own = (at === 0 ? flags : 0) | (isLast ? FLAG.endHeaders : 0);
    frames.push(frame(type, own, stream, block.subarray(at, at + size)));
  }
  return Buffer.concat(frames);
}
