import { type Clock, systemClock } from '@tp/transport';

/** The clock of the process, which a test may put forward: what is due by then comes due. */
export interface ShiftedClock extends Clock {
  forward(ms: number): void;
}

export function shiftedClock(): ShiftedClock {
  let shift = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + shift,
    forward(ms) {
      shift += ms;
    },
  };
}
