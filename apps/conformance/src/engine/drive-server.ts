import type { CaseResult, Findings, ServerCase } from '../case.ts';
import { ALL_OFFERS, DEFAULT_LIMITS } from '../craft/hello.ts';
import { applicable, type Offering, playInTurn, playSideBySide } from './run.ts';
import { ServerUnderTest, type Target } from './server-under-test.ts';

/** How the kit goes about its work. */
export interface DriveOptions {
  /** How long the kit waits for what must come, in ms. */
  readonly timeoutMs: number;
  /** Told of each case as it ends. */
  readonly done: (result: CaseResult) => void;
  /** The token that the peer asks for, or shows (W-024). */
  readonly token?: string | undefined;
}

/** Runs the cases against a server: side by side, then those that need it for themselves. */
export async function driveServer(
  target: Target,
  cases: readonly ServerCase[],
  options: DriveOptions,
): Promise<Findings> {
  const fitting = applicable(cases, await meet(target, options));
  const play = {
    done: options.done,
    play: async (one: ServerCase) => {
      const server = new ServerUnderTest(target, options.timeoutMs, options.token);
      try {
        await one.run(server);
        server.judge();
      } finally {
        server.close();
      }
    },
  };
  const beside = fitting.filter(({ alone }) => alone !== true);
  const alone = fitting.filter((one) => one.alone === true);
  const results = await playSideBySide(beside, play);
  results.push(...(await playInTurn(alone, play)));
  return { results, omitted: cases.length - fitting.length };
}

/** What the server's hello offers. Where there is none, every case is tried, and fails by itself. */
async function meet(target: Target, { timeoutMs, token }: DriveOptions): Promise<Offering> {
  const server = new ServerUnderTest(target, timeoutMs, token);
  try {
    const link = await server.dial();
    link.greet();
    const said = await link.next('hello').catch(() => undefined);
    const { offers, limits } = said?.hello ?? { offers: ALL_OFFERS, limits: DEFAULT_LIMITS };
    return { offers, limits, oneWay: true, upgrade: true, token };
  } finally {
    server.close();
  }
}
