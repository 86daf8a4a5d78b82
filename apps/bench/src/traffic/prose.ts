import type { Random } from './random.ts';

/** English words by how common they are, function words first; drawn with Zipf's law. */
const WORDS = (
  'the and a of to in is with for it on that very this not but as are was from we have you after only when all more good well size ' +
  'fits quality colour fabric delivery price cotton light soft shoes jacket bought month wear easy wash box arrived quickly small large ' +
  'perfect material strong seams leather bag battery charger screen sound cable kitchen steel handle cup sharp blade garden chair table ' +
  'wood oak folding outdoor waterproof zip pocket sleeve collar summer winter warm breathable recycled polyester lining stitching durable ' +
  'lightweight adjustable strap buckle padded ergonomic support comfortable daily commute travel compact foldable storage container lid ' +
  'dishwasher safe glass ceramic enamel matte finish scratch resistant warranty replacement refund courier damaged corner parcel neighbour ' +
  'evening morning doorstep tracking number disappointed excellent recommend friend gift birthday daughter husband ordered again slightly ' +
  'narrow wide longer shorter expected picture description accurate instructions assembly screws missing customer service replied politely'
).split(' ');
const COMMON: readonly [string, ...string[]] = [WORDS[0] ?? 'the', ...WORDS.slice(1)];

/** Sentences of everyday shop prose, about `words` words long altogether. */
export function prose(random: Random, words: number): string {
  const sentences: string[] = [];
  let left = words;
  while (left > 0) {
    const length = Math.max(3, Math.round(random.around(11, 4)));
    sentences.push(sentence(random, length));
    left -= length;
  }
  return sentences.join(' ');
}

/** `count` words with capitals, as in the name of a product. */
export function title(random: Random, count: number): string {
  return Array.from({ length: count }, () =>
    capital(COMMON[random.int(30, COMMON.length - 1)] ?? 'cup'),
  ).join(' ');
}

function sentence(random: Random, length: number): string {
  const words = Array.from({ length }, () => random.pickSkewed(COMMON));
  return `${capital(words.join(' '))}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
