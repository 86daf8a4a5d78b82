import { type Clock, systemClock, type Timer } from '@tp/transport';

/** The clock of the process, which a test may put forward: what is due by then comes due. */
export interface ShiftedClock extends Clock {
  forward(ms: number): void;
}

interface Pending {
  readonly dueAt: number;
  readonly fire: () => void;
}

export function shiftedClock(): ShiftedClock {
  let shift = 0;
  const now = (): number => systemClock.now() + shift;
  const pending = new Set<Pending>();
  return {
    now,
    defer: systemClock.defer,
    settle: systemClock.settle,
    after(ms, call): Timer {
      const timer = systemClock.after(ms, () => entry.fire());
      const clear = (): void => {
        timer.clear();
        pending.delete(entry);
      };
      const entry: Pending = {
        dueAt: now() + ms,
        fire: () => {
          clear();
          call();
        },
      };
      pending.add(entry);
      return { clear };
    },
    forward(ms) {
      shift += ms;
      for (const entry of [...pending]) if (entry.dueAt <= now()) entry.fire();
    },
  };
}
