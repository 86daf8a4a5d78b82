/*
 * What may stand where in a message, from the grammar of RFC 9110 and RFC 9112, written without a
 * look at the code that it is to judge. Text is latin1: one character is one byte.
 */

/** A place in a message that holds text of the sender's choice. */
export type Place =
  | 'method'
  | 'path'
  | 'name'
  | 'value'
  | 'reason'
  | 'trailer name'
  | 'trailer value';

/** RFC 9110 section 5.6.2: token = 1*tchar. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5: field-vchar = VCHAR / obs-text; blanks only between them. */
const VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;
/**
 * RFC 9112 section 3 keeps blanks out of a target, and controls are in no production. RFC 3986 has
 * fewer characters than this; more than those are sent in practice, and are passed on as they are.
 */
const PATH = /^\/[!-~\x80-\xff]*$/;

const GRAMMAR: Readonly<Record<Place, RegExp>> = {
  method: TOKEN,
  path: PATH,
  name: TOKEN,
  value: VALUE,
  // RFC 9112 section 4 allows blanks at the ends of a phrase too; the protocol does not (W-062).
  reason: VALUE,
  'trailer name': TOKEN,
  'trailer value': VALUE,
};

/** Whether that text may stand at that place. */
export function isLegal(place: Place, text: string): boolean {
  return GRAMMAR[place].test(text);
}

/** Each of the 256 bytes between letters, and where the ends have a rule of their own, at both ends too. */
export function everyByte(place: Place): string[] {
  const hasEnds = GRAMMAR[place] !== TOKEN;
  const start = place === 'path' ? '/' : '';
  const texts: string[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    texts.push(`${start}X${character}Y`);
    if (hasEnds) texts.push(`${start}${character}XY`, `${start}XY${character}`);
  }
  return texts;
}

/** A message whose places all hold something harmless, and what it is after one of them was set. */
export type Message = Readonly<Record<Place, string>>;

export const HARMLESS: Message = {
  method: 'POST',
  path: '/path',
  name: 'x-name',
  value: 'value',
  reason: 'Fine',
  'trailer name': 'x-trailer',
  'trailer value': 'last',
};
