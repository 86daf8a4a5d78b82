import { setImmediate } from 'node:timers/promises';

/** Waits, turn by turn, until something is so. What never becomes so ends in the test's timeout. */
export async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate();
}

/** Lets everything run that is ready, and what that makes ready, several times over. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate();
}
