import type { WriteStream } from 'node:tty';

/** Says what goes on while a suite runs. */
export interface Progress {
  /** What goes on now; takes the place of what stood there. */
  readonly show: (text: string) => void;
  /** Something that stays to be read. */
  readonly note: (text: string) => void;
  /** Clears the line. */
  readonly end: () => void;
}

/** One line that changes on a terminal; elsewhere a line for each new part of the work. */
export function makeProgress(stream: WriteStream): Progress {
  const live = stream.isTTY === true;
  const clear = live ? '\r\x1b[K' : '';
  let lastPart = '';
  return {
    show: (text) => {
      if (live) {
        stream.write(`${clear}${text.slice(0, Math.max(20, stream.columns - 1))}`);
        return;
      }
      const part = text.split(/: turn /)[0] ?? text;
      if (part !== lastPart) stream.write(`${part}\n`);
      lastPart = part;
    },
    note: (text) => {
      stream.write(`${clear}${text}\n`);
    },
    end: () => {
      stream.write(clear);
    },
  };
}
