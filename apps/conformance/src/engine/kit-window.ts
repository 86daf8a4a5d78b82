import type { CodecName } from '../codes.ts';
import { windowStart } from '../craft/envelope.ts';
import { type Packer, startPacker } from '../craft/packer.ts';
import { batch, type Crafted } from '../craft/record.ts';
import type { Link } from './link.ts';

/** A window of the kit's direction, shared or isolated, for cases with several of them (W-075). */
export class KitWindow {
  readonly #link: Link;
  readonly #id: number;
  #packer: Packer;
  #isDeclared = false;

  constructor(link: Link, id: number, codec: CodecName, windowLog: number) {
    this.#link = link;
    this.#id = id;
    this.#packer = startPacker(codec, windowLog);
  }

  /** Says that the window starts anew, and nothing else: both sides let go of it (W-080). */
  letGo(): void {
    const { codec, windowLog } = this.#packer;
    this.#packer.close();
    this.#packer = startPacker(codec, windowLog);
    this.#link.sendParts({ window: windowStart(codec, windowLog), windowId: this.#id });
    this.#isDeclared = true;
  }

  /** Records in one envelope, packed in this window. Gives the id that the last one names. */
  send(...records: readonly Crafted[]): number {
    const unpacked = batch(records);
    const { codec, windowLog } = this.#packer;
    const packed = this.#packer.pack(unpacked);
    const window = this.#isDeclared ? undefined : windowStart(codec, windowLog);
    this.#isDeclared = true;
    const parts = { packed, unpackedSize: unpacked.length, window, windowId: this.#id };
    this.#link.sendParts(parts, unpacked);
    let id = 0;
    for (const { note } of records) {
      if (note !== undefined) id = this.#link.referee.kitSays(note);
    }
    return id;
  }

  close(): void {
    this.#packer.close();
  }
}
