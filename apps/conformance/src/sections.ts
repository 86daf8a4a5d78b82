/** A section of docs/protocol.md, with the rules that stand in it. */
interface Section {
  readonly title: string;
  /** First and last numbers of rules, in pairs. */
  readonly rules: readonly (readonly [first: number, last: number])[];
}

const SECTIONS: readonly Section[] = [
  {
    title: '2. Bytes',
    rules: [
      [1, 6],
      [25, 26],
    ],
  },
  {
    title: '3. Opening',
    rules: [
      [7, 13],
      [24, 24],
      [27, 29],
    ],
  },
  {
    title: '4. Envelope',
    rules: [
      [14, 20],
      [120, 123],
    ],
  },
  { title: '5. Records, in order', rules: [[21, 23]] },
  {
    title: '6. Heads',
    rules: [
      [50, 69],
      [115, 116],
    ],
  },
  {
    title: '7. Streams',
    rules: [
      [30, 39],
      [124, 127],
      [129, 132],
    ],
  },
  { title: '8. Bodies and credit', rules: [[40, 49]] },
  { title: '9. Compression', rules: [[70, 81]] },
  {
    title: '10. Time, cancel, life',
    rules: [
      [90, 109],
      [117, 117],
      [128, 128],
    ],
  },
  { title: '11. Codes', rules: [[113, 113]] },
  {
    title: '12. Growth',
    rules: [
      [110, 112],
      [114, 114],
    ],
  },
];

/** The titles, in the document's order. */
export const TITLES: readonly string[] = SECTIONS.map(({ title }) => title);

/** The title of the section in which a rule such as `W-017` stands. */
export function sectionOf(rule: string): string {
  const number = Number(rule.slice('W-'.length));
  const isIn = ([first, last]: readonly [number, number]) => number >= first && number <= last;
  return SECTIONS.find(({ rules }) => rules.some(isIn))?.title ?? 'Others';
}
