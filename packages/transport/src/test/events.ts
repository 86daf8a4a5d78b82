import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';
import type { DiagnosticEvents } from '../stats/diagnostics.ts';

/** What is told on one channel, in order, until the test ends. `also` is called with each. */
export function told<Name extends keyof DiagnosticEvents>(
  name: Name,
  also?: (event: DiagnosticEvents[Name]) => void,
): DiagnosticEvents[Name][] {
  const events: DiagnosticEvents[Name][] = [];
  const note = (message: unknown) => {
    const event = message as DiagnosticEvents[Name];
    events.push(event);
    also?.(event);
  };
  subscribe(name, note);
  onTestFinished(() => void unsubscribe(name, note));
  return events;
}
