import { prose, title } from './prose.ts';
import type { Random } from './random.ts';
import { hex, token, uuid } from './tokens.ts';

const CATEGORIES = [
  'outdoor',
  'kitchen',
  'clothing',
  'office',
  'audio',
  'toys',
  'garden',
  'bags',
] as const;
const BRANDS = [
  'Fjordline',
  'Kestrel & Co',
  'Mokuba',
  'Plainfield',
  'Ostwind',
  'Terra Nova',
  'Halcyon',
] as const;
const CURRENCIES = ['EUR', 'GBP', 'SEK', 'CHF'] as const;
const ORDER_STATES = ['paid', 'shipped', 'delivered', 'pending', 'returned', 'cancelled'] as const;
const FIRST_NAMES = [
  'Anna',
  'Lukas',
  'Sofia',
  'Mehmet',
  'Claire',
  'Jakub',
  'Elena',
  'Tom',
  'Ines',
  'Noah',
  'Greta',
  'Paul',
  'Amira',
  'Oskar',
] as const;
const LAST_NAMES = [
  'Schmidt',
  'Okafor',
  'Dubois',
  'Rossi',
  'Kowalski',
  'Novak',
  'Jansen',
  'Lindqvist',
  'Moreau',
  'Yilmaz',
  'Becker',
  'Walsh',
] as const;
const STREETS = [
  'Bahnhofstr.',
  'High Street',
  'Rue de la Gare',
  'Via Roma',
  'Lindenweg',
  'Church Lane',
  'Kungsgatan',
  'Calle Mayor',
] as const;
const YEAR_MS = 365 * 24 * 3600 * 1000;

/** A product as the API's detail answer shows it, without its reviews. */
export function makeProduct(random: Random, now: Date): Record<string, unknown> {
  const category = random.pickSkewed(CATEGORIES);
  return {
    id: random.int(100_000, 999_999),
    sku: `${category.slice(0, 3).toUpperCase()}-${hex(random, 6).toUpperCase()}`,
    name: title(random, random.int(2, 4)),
    brand: random.pickSkewed(BRANDS),
    category,
    price: makeMoney(random),
    stock: {
      available: Math.floor(random.unit() ** 2 * 400),
      reserved: random.int(0, 12),
      warehouse: `W${random.int(1, 6)}`,
    },
    rating: {
      average: Number((3 + random.unit() * 2).toFixed(2)),
      count: Math.floor(random.unit() ** 3 * 2500),
    },
    active: random.chance(0.93),
    createdAt: past(random, now),
    updatedAt: past(random, now),
  };
}

/** A product with everything that its page needs: texts, images, attributes, reviews. */
export function makeProductPage(random: Random, now: Date): object {
  const product = makeProduct(random, now);
  return {
    ...product,
    description: prose(random, random.int(30, 110)),
    images: Array.from({ length: random.int(1, 5) }, () => ({
      url: `https://img.shop.example/p/${hex(random, 32)}.webp`,
      width: 1200,
      height: random.pick([1200, 1600, 900]),
    })),
    attributes: {
      weightGrams: random.int(40, 9000),
      material: title(random, 1),
      colour: title(random, 1),
      countryOfOrigin: random.pick(['PT', 'DE', 'IT', 'VN', 'TR']),
    },
    reviews: Array.from({ length: random.int(0, 6) }, () => ({
      id: uuid(random),
      author: person(random),
      stars: random.int(1, 5),
      text: prose(random, random.int(8, 45)),
      createdAt: past(random, now),
    })),
  };
}

/** An order; with its lines and addresses when `full`, else as the list shows it. */
export function makeOrder(random: Random, now: Date, full: boolean): Record<string, unknown> {
  const summary = {
    id: uuid(random),
    number: `O-2026-${random.int(1_000_000, 9_999_999)}`,
    state: random.pickSkewed(ORDER_STATES),
    customerId: random.int(10_000, 9_999_999),
    total: makeMoney(random),
    itemCount: random.int(1, 7),
    placedAt: past(random, now),
    updatedAt: now.toISOString(),
  };
  return full ? { ...summary, ...makeOrderInput(random), payment: makePayment(random) } : summary;
}

/** What a shop sends to place an order. */
export function makeOrderInput(random: Random): Record<string, unknown> {
  return {
    lines: Array.from({ length: random.int(1, 5) }, () => ({
      productId: random.int(100_000, 999_999),
      quantity: random.int(1, 4),
      unitPrice: makeMoney(random),
    })),
    shipTo: {
      name: person(random),
      street: `${random.pick(STREETS)} ${random.int(1, 180)}`,
      zip: String(random.int(10_000, 99_999)),
      city: random.pick(['Berlin', 'Lyon', 'Gent', 'Graz', 'Turin', 'Leeds']),
    },
    email: `${hex(random, 10)}@mail.example`,
    ...(random.chance(0.3) ? { note: prose(random, random.int(4, 18)) } : {}),
  };
}

/** A change to a product, as a merchant's system sends it. */
export function makeProductChange(random: Random): object {
  return {
    price: makeMoney(random),
    stock: { available: random.int(0, 400) },
    ...(random.chance(0.3) ? { description: prose(random, 40) } : {}),
  };
}

function makePayment(random: Random): object {
  return {
    method: random.pick(['card', 'invoice', 'wallet']),
    reference: `pay_${token(random, 24)}`,
    capturedAmount: makeMoney(random),
  };
}

function makeMoney(random: Random): object {
  return {
    amount: Math.round(199 + random.unit() ** 2 * 24_000),
    currency: random.pickSkewed(CURRENCIES),
  };
}

function past(random: Random, now: Date): string {
  return new Date(now.getTime() - Math.floor(random.unit() * YEAR_MS)).toISOString();
}

function person(random: Random): string {
  return `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;
}
