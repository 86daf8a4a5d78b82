import { parseArgs } from 'node:util';
import { DEFAULT_PRICES } from '@tp/savings';

/** What the command line asks for. */
export interface SavingsOptions {
  /** The traffic file; undefined for generated traffic. */
  readonly file: string | undefined;
  readonly pricePerGb: number;
  readonly pricePerCore: number;
  readonly requestsPerDay: number | undefined;
  readonly json: string | undefined;
  readonly html: string | undefined;
}

export const USAGE = `usage: npm run measure -- FILE [options]      a HAR file with content, or NDJSON
       npm run measure -- --sample [options]  generated traffic, to try it
  --requests-per-day N   default: by the times in the file
  --price-per-gb X       in dollars, for traffic either way; default ${DEFAULT_PRICES.perGb}
  --price-per-core X     in dollars a month, for CPU; default ${DEFAULT_PRICES.perCore}
  --json FILE            the figures
  --html FILE            a page with charts
`;

/** Reads the command line, without the program's own name. @throws {Error} that says what is wrong with it. */
export function parseSavingsOptions(args: readonly string[]): SavingsOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      sample: { type: 'boolean', default: false },
      'requests-per-day': { type: 'string' },
      'price-per-gb': { type: 'string' },
      'price-per-core': { type: 'string' },
      json: { type: 'string' },
      html: { type: 'string' },
    },
  });
  const [file, ...more] = positionals;
  if (more.length > 0) throw new Error(`one file at a time; found also "${more.join(' ')}"`);
  if ((file === undefined) !== values.sample) {
    throw new Error(values.sample ? 'a file or --sample, not both' : 'say which file, or --sample');
  }
  return {
    file,
    pricePerGb: numberOf('price-per-gb', values['price-per-gb'], 0) ?? DEFAULT_PRICES.perGb,
    pricePerCore: numberOf('price-per-core', values['price-per-core'], 0) ?? DEFAULT_PRICES.perCore,
    requestsPerDay: numberOf('requests-per-day', values['requests-per-day'], 1),
    json: values.json,
    html: values.html,
  };
}

function numberOf(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const number = text.trim() === '' ? Number.NaN : Number(text.replaceAll(/[,_]/g, ''));
  if (number >= least && Number.isFinite(number)) return number;
  throw new Error(`--${name} takes a number from ${least}; found "${text}"`);
}
