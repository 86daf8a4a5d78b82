import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';
import type { DiagnosticEvents } from '../stats/diagnostics.ts';

/** What is told on one channel, in order, until the test ends. */
export function told<Name extends keyof DiagnosticEvents>(name: Name): DiagnosticEvents[Name][] {
  const events: DiagnosticEvents[Name][] = [];
  const note = (event: unknown) => {
    events.push(event as DiagnosticEvents[Name]);
  };
  subscribe(name, note);
  onTestFinished(() => void unsubscribe(name, note));
  return events;
}
