/** A configuration that is wrong; the message is one line for the person who wrote it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Says what is wrong and where.
 *
 * @param where the flag, or file, line and field.
 */
export function configError(where: string, found: unknown, expected: string): ConfigError {
  return new ConfigError(`${where}: found ${shown(found)}, expected ${expected}`);
}

const MAX_SHOWN = 80;

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
