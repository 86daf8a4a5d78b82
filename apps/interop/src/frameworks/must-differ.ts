/** A field that one of the two ways has and the other has not, for a reason that stands. */
export interface Difference {
  readonly name: string;
  /** Whose heads it stands in over HTTP. */
  readonly in: readonly ('requests' | 'responses')[];
  readonly why: string;
}

/** All that must differ between HTTP/1.1 and tp. Everything else that differs is a defect. */
export const MUST_DIFFER: readonly Difference[] = [
  {
    name: 'date',
    in: ['responses'],
    why: "Node's HTTP server adds it. Over tp whoever prints HTTP/1.1 does, when it is printed.",
  },
  {
    name: 'connection',
    in: ['requests', 'responses'],
    why: 'It speaks of one HTTP/1.1 connection (RFC 9110 section 7.6.1), and there is none.',
  },
  {
    name: 'keep-alive',
    in: ['responses'],
    why: 'It says how long one HTTP/1.1 connection is kept; links are kept by other rules.',
  },
  {
    name: 'transfer-encoding',
    in: ['responses'],
    why: 'It frames a body in HTTP/1.1 (RFC 9112 section 6.1); tp frames every body itself.',
  },
];
