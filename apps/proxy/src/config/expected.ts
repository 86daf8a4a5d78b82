import { z } from 'zod';

/*
 * Schemas whose messages say what is expected, so that whoever reports a flaw has the words for it
 * beside the value that was found.
 */

/** Longest time that a timer can be set to, in ms. */
export const MAX_MS = 2 ** 31 - 1;

/** A mapping with these fields and no others. */
export function mapping<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = `one of the fields ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? known
        : `a mapping with ${known.slice('one of '.length)}`,
  });
}

/** A list; also a text with commas between, as on the command line. */
export function listOf<Entry extends z.ZodType>(entry: Entry, expected: string) {
  const split = (value: unknown): unknown => (typeof value === 'string' ? value.split(',') : value);
  return z.preprocess(split, z.array(entry, { error: expected }).min(1, { error: expected }));
}

/** A number of milliseconds. */
export function milliseconds(least: number) {
  const error = `a number of milliseconds from ${least} to ${MAX_MS}`;
  return z.number({ error }).min(least, { error }).max(MAX_MS, { error });
}

/** A whole number. */
export function whole(least: number, most?: number) {
  const error =
    most === undefined
      ? `a whole number, at least ${least}`
      : `a whole number from ${least} to ${most}`;
  const number = z.int({ error }).min(least, { error });
  return most === undefined ? number : number.max(most, { error });
}

/** A whole number, or a word that stands for one. */
export function wholeOr<const Word extends string>(word: Word, least: number, most: number) {
  const error = `a whole number from ${least} to ${most}, or ${word}`;
  const number = z.int({ error }).min(least, { error }).max(most, { error });
  return z.union([number, z.literal(word)], { error });
}

/** A number from 0 to 1. */
export function share() {
  const error = 'a number from 0 to 1';
  return z.number({ error }).min(0, { error }).max(1, { error });
}

/** An amount of money. */
export function amount() {
  const error = 'a number from 0';
  return z.number({ error }).min(0, { error });
}

/** A text that passes a test. */
export function text(error: string, test: (text: string) => boolean = isNotEmpty) {
  return z.string({ error }).refine(test, { error });
}

/** True or false. */
export function yesOrNo() {
  return z.boolean({ error: 'true or false' });
}

/** One of some words. */
export function oneOf<const Words extends readonly string[]>(words: Words, error: string) {
  return z.enum(words, { error });
}

function isNotEmpty(value: string): boolean {
  return value.length > 0;
}
