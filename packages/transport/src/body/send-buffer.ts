/** What a send buffer may hold, in bytes. */
interface SendBufferLimits {
  readonly streamBuffer: number;
  readonly linkBuffer: number;
  readonly processBuffer: number;
}

/** Who reads a source ahead. */
export interface ReadsAhead {
  /** Bytes that it has read and not yet sent. */
  readonly held: number;
  /** There is room again. */
  readOn(): void;
}

/** Bytes that all links of the process have read ahead. */
let heldByProcess = 0;

/** Links with sources that wait for room in the process. */
const waitingForProcess = new Set<SendBuffer>();

/**
 * What the bodies of a link have read ahead of what was sent. A body that holds nothing may always
 * read one piece, whatever others hold: bodies that can't be sent must not stop one that can.
 */
export class SendBuffer {
  /** In bytes. */
  held = 0;
  readonly #limits: SendBufferLimits;
  /** In the order in which they came. */
  readonly #paused = new Set<ReadsAhead>();

  constructor(limits: SendBufferLimits) {
    this.#limits = limits;
  }

  /** Whether a source may be read on. One that others leave no room for is told when there is some. */
  mayRead(body: ReadsAhead): boolean {
    if (body.held === 0) return true;
    if (body.held >= this.#limits.streamBuffer) return false;
    if (this.#hasRoom) return true;
    this.#paused.add(body);
    if (this.held < this.#limits.linkBuffer) waitingForProcess.add(this);
    return false;
  }

  /** A body has ended: it reads no more. */
  leave(body: ReadsAhead): void {
    this.#paused.delete(body);
  }

  /** A piece was read. */
  add(bytes: number): void {
    this.held += bytes;
    heldByProcess += bytes;
  }

  /** Bytes were sent or dropped. */
  remove(bytes: number): void {
    this.held -= bytes;
    heldByProcess -= bytes;
    if (this.#paused.size > 0) this.#resumeOne();
    for (const other of waitingForProcess) {
      waitingForProcess.delete(other);
      other.#resumeOne();
      break;
    }
  }

  get #hasRoom(): boolean {
    return this.held < this.#limits.linkBuffer && heldByProcess < this.#limits.processBuffer;
  }

  /** One at a time: what was removed is seldom more than what one source gives next. */
  #resumeOne(): void {
    const [body] = this.#paused;
    if (body === undefined) return;
    if (this.#hasRoom) {
      this.#paused.delete(body);
      body.readOn();
    } else if (this.held < this.#limits.linkBuffer) waitingForProcess.add(this);
  }
}
