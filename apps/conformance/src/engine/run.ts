import type { CaseResult, CaseTitle } from '../case.ts';
import type { Limits, Offer } from '../craft/hello.ts';

/** How many cases run at once. */
const AT_ONCE = 16;

/** What runs the cases and who is told of each. */
export interface Play<C extends CaseTitle> {
  /** Plays one case; throws when something is wrong. */
  play(one: C): Promise<void>;
  done(result: CaseResult): void;
}

/** What a peer has that cases may need. */
export interface Offering {
  readonly offers: readonly Offer[];
  readonly limits: Limits;
  /** Whether it makes one-way requests. */
  readonly oneWay: boolean;
  /** Whether it asks for other protocols, or answers those who do. */
  readonly upgrade: boolean;
  /** The token that it asks for, or shows (W-024). */
  readonly token: string | undefined;
}

/** Cases that need nothing but what the peer offers. */
export function applicable<C extends CaseTitle>(
  cases: readonly C[],
  { offers, limits, oneWay, upgrade, token }: Offering,
): C[] {
  return cases.filter(({ needs }) => {
    if (token !== undefined || needs === 'token') return needs === 'token' && token !== undefined;
    if (needs === undefined) return true;
    if (needs === 'one-way') return oneWay;
    if (needs === 'upgrade') return upgrade;
    if (needs === 'windows') return limits.windows > 0 && offers.length > 0;
    return offers.some(({ codec }) => codec === needs);
  });
}

/** Plays a case and gives what became of it. */
export async function playOne<C extends CaseTitle>(one: C, play: Play<C>): Promise<CaseResult> {
  const { rule, name } = one;
  let why = '';
  try {
    await play.play(one);
  } catch (error) {
    why = error instanceof Error ? reason(error) : String(error);
  }
  const result = { rule, name, ok: why === '', why };
  play.done(result);
  return result;
}

/** Plays cases one after the other. */
export async function playInTurn<C extends CaseTitle>(
  cases: readonly C[],
  play: Play<C>,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of cases) results.push(await playOne(one, play));
  return results;
}

/** Plays cases side by side, each on links of its own. Results stand in the order of the cases. */
export async function playSideBySide<C extends CaseTitle>(
  cases: readonly C[],
  play: Play<C>,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const queue = [...cases.entries()];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [at, one] = next;
      results[at] = await playOne(one, play);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

/** What a person needs to know: a fault of the kit itself comes with its place. */
function reason(error: Error): string {
  const isExpected = error.name === 'Failure' || error.name === 'Violation';
  return isExpected ? error.message : (error.stack ?? error.message);
}
