import { RequestHead } from '../index.ts';
import { concat, field, hex, varint } from './hex.ts';
import { bytesOf, Pipe, type Said } from './records.ts';

/** A head program as one writes it down for a test. */
export interface Program {
  readonly block?: number;
  readonly ops?: readonly number[];
  readonly texts?: readonly string[];
  readonly keep?: number;
  readonly blobs?: readonly string[];
}

/** The ops and texts that say `:method` GET and `:path` /. */
export const GET = { ops: [1, 5], texts: ['GET', '/'] } as const;

/** The fields of a record that has a head. */
export function headFields({ block = 0, ops = [], texts = [], keep = 0 }: Program): Uint8Array {
  return concat(
    block === 0 ? hex('') : concat(hex('10'), varint(block)),
    ops.length === 0 ? hex('') : field(0x1a, ...ops.map((op) => varint(op))),
    ...texts.map((text) => field(0x22, bytesOf(text))),
    keep === 0 ? hex('') : concat(hex('28'), varint(keep)),
  );
}

/** A batch of one request. */
export function requestOf(program: Program): Uint8Array {
  return field(0x0a, field(0x0a, headFields(program)));
}

/** A batch of one response. */
export function responseOf(program: Program): Uint8Array {
  return field(0x0a, field(0x12, headFields(program)));
}

/** A batch of the trailers of stream 1. */
export function trailersOf(program: Program): Uint8Array {
  return field(0x0a, field(0x22, hex('08 01'), headFields(program)));
}

/** A batch of blobs. */
export function blobsOf(blobs: readonly string[]): Uint8Array {
  return concat(...blobs.map((blob) => field(0x0a, field(0x5a, bytesOf(blob)))));
}

/** Receives requests by their programs and keeps what comes of them. */
export class Receiver extends Pipe {
  /** What the decoder makes of a program. */
  run(program: Program): Said | undefined {
    this.decoder.decode(blobsOf(program.blobs ?? []), requestOf(program));
    return this.sink.said.pop();
  }

  /** The fields of the request that a program stands for, name and value in turn. */
  fields(program: Program): readonly string[] {
    const said = this.run(program);
    if (said?.kind !== 'request') throw new Error(`no request: ${JSON.stringify(said)}`);
    return [said.method, said.path, ...said.fields];
  }

  /** Whether the code of the flaw; "fine" when the head is. */
  flaw(program: Program): string {
    const said = this.run(program);
    return said?.kind === 'flawed' ? said.code : 'fine';
  }
}

/** A request that differs only in what is given. */
export function get(path: string): RequestHead {
  return new RequestHead('GET', path);
}
