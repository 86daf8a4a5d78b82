/** What a trial and its processes say to each other. */
export interface Said {
  readonly kind: string;
  readonly text?: string;
  readonly figures?: Readonly<Record<string, number>>;
  readonly samples?: readonly number[];
  /** How often each thing came, by its name. */
  readonly counts?: readonly (readonly [string, number])[];
}

/** Whether a message is one of ours: whoever else wrote to the channel is not heard. */
export function isSaid(message: unknown): message is Said {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    typeof message.kind === 'string'
  );
}

/** A figure of what was said. @throws {Error} when it is not there. */
export function figure(said: Said, name: string): number {
  const value = said.figures?.[name];
  if (value === undefined) throw new Error(`"${said.kind}" came without its ${name}`);
  return value;
}

/** Milliseconds that mean the same in all processes of this machine. */
export function machineNow(): number {
  return performance.timeOrigin + performance.now();
}
