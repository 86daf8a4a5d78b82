import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface BenchArguments {
  readonly suite: string;
  readonly quick: boolean;
  readonly json: string | undefined;
}

/** One line that says what is wrong with the command line. */
export interface Complaint {
  readonly complaint: string;
}

/** Reads the command line, without the program's own name. */
export function parseBenchArguments(
  args: readonly string[],
  suites: readonly string[],
): BenchArguments | Complaint {
  const known = `suites: ${suites.join(', ')}`;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
    });
    const [suite, ...more] = positionals;
    if (suite === undefined) return { complaint: `say which suite to run; ${known}` };
    if (!suites.includes(suite)) return { complaint: `there is no suite "${suite}"; ${known}` };
    if (more.length > 0)
      return { complaint: `one suite at a time; found also "${more.join(' ')}"` };
    return { suite, quick: values.quick, json: values.json };
  } catch (error) {
    return { complaint: error instanceof Error ? error.message : String(error) };
  }
}
