/** A field of a head that may be there over one way and not over the other, and why. */
interface FieldDifference {
  readonly side: 'request, as the origin sees it' | 'response, as the client sees it';
  readonly field: string;
  readonly why: string;
}

/** What must differ in heads. Everything else is the same: names in their case, values, order. */
export const FIELDS: readonly FieldDifference[] = [
  {
    side: 'request, as the origin sees it',
    field: 'connection',
    why: 'it is about the connection to the next hop (RFC 9110 section 7.6.1); over tp that is a link',
  },
  {
    side: 'request, as the origin sees it',
    field: 'transfer-encoding',
    why: 'a body without a length is framed by the hop that carries it; a listener over tp is shown it last, not where the client had it',
  },
  {
    side: 'response, as the client sees it',
    field: 'connection',
    why: 'as in a request',
  },
  {
    side: 'response, as the client sees it',
    field: 'keep-alive',
    why: 'it says how long the connection to the next hop stays',
  },
  {
    side: 'response, as the client sees it',
    field: 'date',
    why: 'Node adds it where it prints HTTP/1.1; over tp whoever prints HTTP in the end does',
  },
  {
    side: 'response, as the client sees it',
    field: 'transfer-encoding',
    why: 'framing, as in a request',
  },
];

/** Words of errors that stand for the same event. */
export const WORDS: readonly {
  readonly http: string;
  readonly tp: string;
  readonly why: string;
}[] = [
  {
    http: 'ECONNRESET',
    tp: 'INTERNAL',
    why: 'an origin that breaks off can do so only by closing its connection over HTTP; tp says that it did, and that the request was handled',
  },
  {
    http: 'Error',
    tp: 'TpError',
    why: 'the name of the class, where a client hands on the error that it was given',
  },
];

/** A flat list of fields less those that may differ, but for one of them if it is given. */
export function comparable(
  raw: readonly string[],
  side: FieldDifference['side'],
  kept?: string,
): string[] {
  const may = FIELDS.filter((one) => one.side === side && one.field !== kept);
  const left = new Set(may.map(({ field }) => field));
  return raw.filter((_, i) => !left.has((raw[i - (i % 2)] ?? '').toLowerCase()));
}

/** The word by which an event is known over HTTP. */
export function comparableWord(word: string | undefined): string | undefined {
  return WORDS.find(({ tp }) => tp === word)?.http ?? word;
}
