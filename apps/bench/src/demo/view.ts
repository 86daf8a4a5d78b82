import type { WriteStream } from 'node:tty';
import type { DemoFigures } from './figures.ts';
import { frameLines, type Moment, plainLine } from './frame.ts';

/** Shows how the demo goes. */
export interface View {
  /** How often `update` is wanted, in ms. */
  readonly everyMs: number;
  update(figures: DemoFigures, moment: Moment): void;
}

const LIVE_EVERY_MS = 200;
const PLAIN_EVERY_MS = 1000;
/** While the picture is drawn, a narrow terminal cuts its lines instead of wrapping them. */
const WRAP_OFF = '\x1b[?7l';
const WRAP_ON = '\x1b[?7h';

/** A picture that is drawn anew in place on a terminal; elsewhere a line every second. */
export function makeView(stream: WriteStream): View {
  return stream.isTTY === true ? liveView(stream) : plainView(stream);
}

function liveView(stream: WriteStream): View {
  const coloured = stream.hasColors();
  let height = 0;
  return {
    everyMs: LIVE_EVERY_MS,
    update: (figures, moment) => {
      const lines = frameLines(figures, moment, { columns: stream.columns, coloured });
      const up = height > 0 ? `\x1b[${height}A` : '';
      const picture = lines.map((line) => `\x1b[2K${line}\n`).join('');
      stream.write(`${WRAP_OFF}${up}${picture}${WRAP_ON}`);
      height = lines.length;
    },
  };
}

function plainView(stream: WriteStream): View {
  return {
    everyMs: PLAIN_EVERY_MS,
    update: (figures, moment) => {
      stream.write(`${plainLine(figures, moment)}\n`);
    },
  };
}
