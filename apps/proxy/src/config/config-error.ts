/** A configuration that is wrong; the message is one line for the person who wrote it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** A line for each flaw; the message is the first. */
  readonly flaws: readonly string[];

  constructor(flaws: string | readonly string[]) {
    const list = typeof flaws === 'string' ? [flaws] : flaws;
    super(list[0]);
    this.flaws = list;
  }
}

/**
 * Says what is wrong and where.
 *
 * @param where the flag, the environment variable, or file, line and field.
 */
export function flawOf(where: string, found: unknown, expected: string): string {
  return `${where}: found ${shown(found)}, expected ${expected}`;
}

const MAX_SHOWN = 80;

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
