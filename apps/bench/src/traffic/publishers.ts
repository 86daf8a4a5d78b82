import { Random } from './random.ts';
import { hex } from './tokens.ts';

/** An app or a site that sells its ad slots, as a bid request describes it. */
export interface Publisher {
  readonly kind: 'app' | 'site';
  readonly id: string;
  readonly name: string;
  /** Bundle of an app, domain of a site. */
  readonly address: string;
  readonly storeUrl: string;
  readonly categories: readonly string[];
  readonly accountId: string;
  readonly accountName: string;
  /** Advertisers that it blocks; the same for each of its requests. */
  readonly blockedDomains: readonly string[];
  readonly blockedCategories: readonly string[];
  readonly placements: readonly [string, ...string[]];
}

const NAME_STARTS = [
  'Puzzle',
  'Merge',
  'Solitaire',
  'Weather',
  'Daily',
  'Idle',
  'Word',
  'Soccer',
  'Recipe',
  'Photo',
  'Bubble',
  'Farm',
  'Radar',
  'Train',
  'Fitness',
  'Racing',
] as const;
const NAME_ENDS = [
  'Kingdom',
  'Mania',
  'News',
  'Saga',
  'Live',
  'Master',
  'Planner',
  'Quest',
  'World',
  'Tracker',
  'Legends',
  'Studio',
  'Express',
  'Garden',
] as const;
const ACCOUNTS = [
  'Brightfold Games',
  'Nordlicht Media GmbH',
  'Papaya Interactive',
  'Voxel Harbor Ltd',
  'Le Kiosque Digital',
  'Tin Roof Labs',
  'Omni Publishing SA',
] as const;
const WORDS = [
  'alpha',
  'casino',
  'credit',
  'lotto',
  'bingo',
  'poker',
  'crypto',
  'vape',
  'dating',
  'slim',
  'loan',
  'forex',
  'tarot',
  'keto',
  'trade',
  'bonus',
  'spin',
  'cash',
] as const;
const ENDINGS = ['com', 'net', 'io', 'de', 'co.uk', 'bet', 'app', 'fr'] as const;

/** The publishers behind one exchange, from the busiest to the smallest. */
export function makePublishers(seed: number, count: number): [Publisher, ...Publisher[]] {
  const random = new Random(seed, 0x7075626c);
  return [makePublisher(random), ...Array.from({ length: count - 1 }, () => makePublisher(random))];
}

function makePublisher(random: Random): Publisher {
  const kind = random.chance(0.7) ? 'app' : 'site';
  const start = random.pick(NAME_STARTS);
  const end = random.pick(NAME_ENDS);
  const account = random.pick(ACCOUNTS);
  const slug = `${start}${end}`.toLowerCase();
  const company = account.split(' ')[0]?.toLowerCase() ?? 'studio';
  const bundle = `com.${company}.${slug}`;
  return {
    kind,
    id: hex(random, 24),
    name: `${start} ${end}`,
    address: kind === 'app' ? bundle : `www.${slug}.${random.pick(ENDINGS)}`,
    storeUrl: `https://play.google.com/store/apps/details?id=${bundle}`,
    categories: [`IAB${random.int(1, 22)}`, `IAB${random.int(1, 22)}-${random.int(1, 20)}`],
    accountId: String(random.int(100_000, 999_999)),
    accountName: account,
    blockedDomains: Array.from({ length: random.int(2, 5) }, () => blockedDomain(random)),
    blockedCategories: [
      'IAB25',
      'IAB26',
      ...Array.from(
        { length: random.int(2, 4) },
        () => `IAB${random.int(1, 23)}-${random.int(1, 20)}`,
      ),
    ],
    placements: [placement(random), placement(random), placement(random)],
  };
}

function blockedDomain(random: Random): string {
  return `${random.pick(WORDS)}${random.pick(WORDS)}${random.chance(0.4) ? random.int(1, 99) : ''}.${random.pick(ENDINGS)}`;
}

function placement(random: Random): string {
  return `${random.pick(['home', 'level', 'article', 'list', 'exit'])}_${random.pick(['top', 'bottom', 'middle', 'end'])}_${random.int(1, 9)}`;
}
