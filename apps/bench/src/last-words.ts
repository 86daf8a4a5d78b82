const KEPT_CHARACTERS = 8000;
const SHOWN_CHARACTERS = 400;

/** Appends to what a process said, without keeping it all. */
export function keepWords(words: string, more: Buffer | string): string {
  return `${words}${more}`.slice(-KEPT_CHARACTERS);
}

/** What a process that failed said of it, short: the line of a stack trace that names the error, else its last lines. */
export function lastWords(words: string): string {
  const lines = words.trim().split('\n');
  const named = lines.findLast((line) => /^\[?\w*Error\b/.test(line));
  const text = named ?? lines.slice(-3).join(' ');
  return text.replaceAll(/\s+/g, ' ').slice(0, SHOWN_CHARACTERS);
}
