/** A head as a program over the table: what the fields `block`, `ops`, `text` and `keep` of a record say. */
export class HeadProgram {
  block = 0;
  keep = 0;
  readonly ops: number[] = [];
  readonly texts: string[] = [];
  /** Values that go to `plain` as blobs, in order. */
  readonly blobs: string[] = [];

  clear(): void {
    this.block = 0;
    this.keep = 0;
    if (this.ops.length > 0) this.ops.length = 0;
    if (this.texts.length > 0) this.texts.length = 0;
    if (this.blobs.length > 0) this.blobs.length = 0;
  }
}
