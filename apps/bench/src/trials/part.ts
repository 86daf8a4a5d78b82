import { isSaid, type Said } from './said.ts';

/** Says something to the trial that this process plays a part in. */
export function say(said: Said): void {
  process.send?.(said);
}

/** Calls for each thing that the trial says, and ends this process when the trial has ended. */
export function listen(hear: (said: Said) => void): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    if (isSaid(message)) hear(message);
  });
}
