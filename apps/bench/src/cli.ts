import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface BenchArguments {
  readonly suite: string;
  /** The parts of the suite to run, where it has parts; none means all. */
  readonly parts: readonly string[];
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly html: string | undefined;
}

/** One line that says what is wrong with the command line. */
export interface Complaint {
  readonly complaint: string;
}

/**
 * Reads the command line, without the program's own name.
 *
 * @param parts the names of a suite's parts, for each suite that has some.
 */
export function parseBenchArguments(
  args: readonly string[],
  suites: readonly string[],
  parts: ReadonlyMap<string, readonly string[]> = new Map(),
): BenchArguments | Complaint {
  const known = `suites: ${suites.join(', ')}`;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        html: { type: 'string' },
      },
    });
    const [suite, ...more] = positionals;
    if (suite === undefined) return { complaint: `say which suite to run; ${known}` };
    if (!suites.includes(suite)) return { complaint: `there is no suite "${suite}"; ${known}` };
    const itsParts = parts.get(suite);
    if (more.length > 0 && itsParts === undefined)
      return { complaint: `one suite at a time; found also "${more.join(' ')}"` };
    const unknown = more.find((part) => itsParts?.includes(part) === false);
    if (unknown !== undefined)
      return {
        complaint: `${suite} has no part "${unknown}"; parts: ${itsParts?.join(', ')}`,
      };
    return { suite, parts: more, quick: values.quick, json: values.json, html: values.html };
  } catch (error) {
    return { complaint: error instanceof Error ? error.message : String(error) };
  }
}
