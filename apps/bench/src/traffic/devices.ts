import type { Random } from './random.ts';
import { ipv4, ipv6, uuid } from './tokens.ts';

const ANDROID_MODELS: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['samsung', 'SM-A546B'],
  ['samsung', 'SM-S911B'],
  ['samsung', 'SM-A155F'],
  ['samsung', 'SM-G991B'],
  ['Xiaomi', '2201117TY'],
  ['Google', 'Pixel 7a'],
  ['Xiaomi', 'M2101K6G'],
  ['samsung', 'SM-A336B'],
  ['motorola', 'moto g54 5G'],
  ['OPPO', 'CPH2471'],
  ['Xiaomi', '23021RAA2Y'],
  ['HUAWEI', 'VOG-L29'],
  ['Google', 'Pixel 8 Pro'],
  ['OnePlus', 'CPH2449'],
  ['samsung', 'SM-T500'],
  ['realme', 'RMX3630'],
  ['vivo', 'V2231'],
  ['Sony', 'XQ-DC54'],
];
const IPHONES = [
  'iPhone14,5',
  'iPhone15,2',
  'iPhone13,2',
  'iPhone16,1',
  'iPhone12,1',
  'iPhone14,7',
  'iPhone15,3',
  'iPad13,18',
] as const;
const IOS_VERSIONS = ['17.6.1', '18.1', '17.5.1', '18.0.1', '16.7.10', '17.7'] as const;
const CHROME_VERSIONS = [
  '130.0.6723.102',
  '129.0.6668.100',
  '130.0.6723.86',
  '128.0.6613.146',
  '127.0.6533.103',
  '124.0.6367.179',
  '131.0.6778.39',
] as const;
const CARRIERS = [
  '262-01',
  '262-02',
  '262-03',
  '208-01',
  '208-10',
  '234-30',
  '234-15',
  '222-88',
  '214-07',
] as const;
const LANGUAGES = ['de', 'en', 'fr', 'it', 'es', 'tr', 'pl'] as const;
const CITIES: readonly [City, ...City[]] = [
  { country: 'DEU', region: 'BE', city: 'Berlin', zip: '10', lat: 52.52, lon: 13.4 },
  { country: 'GBR', region: 'LND', city: 'London', zip: 'SW', lat: 51.5, lon: -0.12 },
  { country: 'FRA', region: 'IDF', city: 'Paris', zip: '75', lat: 48.85, lon: 2.35 },
  { country: 'DEU', region: 'BY', city: 'Munich', zip: '80', lat: 48.13, lon: 11.57 },
  { country: 'ITA', region: 'MI', city: 'Milan', zip: '20', lat: 45.46, lon: 9.19 },
  { country: 'ESP', region: 'MD', city: 'Madrid', zip: '28', lat: 40.41, lon: -3.7 },
  { country: 'DEU', region: 'HH', city: 'Hamburg', zip: '20', lat: 53.55, lon: 9.99 },
  { country: 'FRA', region: 'ARA', city: 'Lyon', zip: '69', lat: 45.76, lon: 4.83 },
  { country: 'POL', region: 'MZ', city: 'Warsaw', zip: '00', lat: 52.22, lon: 21.01 },
  { country: 'DEU', region: 'NW', city: 'Cologne', zip: '50', lat: 50.93, lon: 6.95 },
];

interface City {
  readonly country: string;
  readonly region: string;
  readonly city: string;
  readonly zip: string;
  readonly lat: number;
  readonly lon: number;
}

/** The `device` object of an OpenRTB 2.5 bid request. Address, position and advertising id are fully random. */
export function makeDevice(random: Random): object {
  const android = random.chance(0.72);
  const city = random.pickSkewed(CITIES);
  const [make, model] = random.pickSkewed(ANDROID_MODELS);
  const version = android ? String(random.int(10, 15)) : random.pickSkewed(IOS_VERSIONS);
  const wifi = random.chance(0.6);
  return {
    ua: android ? androidAgent(random, model, version) : iosAgent(version),
    geo: {
      lat: coordinate(random, city.lat),
      lon: coordinate(random, city.lon),
      type: 2,
      country: city.country,
      region: city.region,
      city: city.city,
      zip: `${city.zip}${random.int(100, 999)}`,
    },
    lmt: random.chance(0.15) ? 1 : 0,
    ...(random.chance(0.75) ? { ip: ipv4(random) } : { ipv6: ipv6(random) }),
    devicetype: 4,
    make: android ? make : 'Apple',
    model: android ? model : random.pickSkewed(IPHONES),
    os: android ? 'Android' : 'iOS',
    osv: version,
    h: random.pickSkewed([2340, 2400, 2532, 1600, 2796]),
    w: random.pickSkewed([1080, 1170, 720, 1290]),
    js: 1,
    language: random.pickSkewed(LANGUAGES),
    ...(wifi ? {} : { mccmnc: random.pickSkewed(CARRIERS) }),
    connectiontype: wifi ? 2 : random.int(4, 6),
    ifa: random.chance(0.85) ? uuid(random) : '00000000-0000-0000-0000-000000000000',
  };
}

function androidAgent(random: Random, model: string, version: string): string {
  const chrome = random.pickSkewed(CHROME_VERSIONS);
  return `Mozilla/5.0 (Linux; Android ${version}; ${model} Build/${random.pickSkewed(['UP1A.231005.007', 'TP1A.220624.014', 'AP3A.240905.015', 'SP1A.210812.016'])}; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/${chrome} Mobile Safari/537.36`;
}

function iosAgent(version: string): string {
  return `Mozilla/5.0 (iPhone; CPU iPhone OS ${version.replaceAll('.', '_')} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148`;
}

function coordinate(random: Random, centre: number): number {
  return Number(random.around(centre, 0.2).toFixed(4));
}
