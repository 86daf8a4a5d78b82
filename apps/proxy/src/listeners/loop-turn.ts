/**
 * Resolves when the event loop has looked at its sockets; of two in a row, the second surely after a look
 * that began with the first.
 */
export function loopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
