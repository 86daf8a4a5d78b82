/** Those that wait for their next use: making one is a good part of what an exchange costs. */
const free: AbortController[] = [];
const MAX_FREE = 1000;

/** A controller that was not aborted, and that nobody listens to. */
export function takeAbortController(): AbortController {
  return free.pop() ?? new AbortController();
}

/** Gives one back when the exchange that it was for is over in both directions. */
export function giveBack(controller: AbortController): void {
  if (!controller.signal.aborted && free.length < MAX_FREE) free.push(controller);
}
