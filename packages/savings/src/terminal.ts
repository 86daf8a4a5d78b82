import { netOf } from './advice.ts';
import type { Rate } from './arrivals.ts';
import { DAYS_PER_MONTH, moneyText } from './money.ts';
import type { Savings, Trial } from './savings.ts';
import { BATCHES, sameSetting, settingText } from './settings.ts';
import { countText, sizeText } from './units.ts';

/** The savings for people at a terminal. */
export function savingsText(savings: Savings): string {
  const { http1, requests, rate, traffic, leftOut, advice } = savings;
  return [
    `${traffic}: ${countText(requests)} requests with their answers, replayed over real links; each one arrived as it was recorded.`,
    ...leftOut.map(({ why, count }) => `  left out: ${countText(count)}, ${why}`),
    '',
    `Now, as HTTP/1.1: ${countText(http1.bytes)} bytes an exchange (${countText(http1.requestBytes)} there, ${countText(http1.responseBytes)} back).`,
    `${rateText(rate)} that is ${sizeText(http1.bytes * rate.requestsPerDay * DAYS_PER_MONTH)} and ${moneyText(http1.perMonth)} a month at $${savings.pricePerGb} a GB.`,
    '',
    'Bytes an exchange takes on a link, by codec and level:',
    ...settingTable(savings),
    '',
    `With ${settingText(advice)} and a batch delay, at this rate:`,
    ...delayTable(savings),
    ...unpackedText(savings),
    '',
    ...wrapped(advice.text, 90),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** The rate as the beginning of a sentence. */
export function rateText({ requestsPerDay, from }: Rate): string {
  const count = `${countText(requestsPerDay)} requests a day`;
  if (from === 'option') return `At ${count}`;
  if (from === 'traffic') return `At the rate so far, ${count},`;
  if (from === 'timestamps') return `At the file's own rate, ${count},`;
  return `The file has no times; at ${count} (an assumption: see --requests-per-day)`;
}

function settingTable({ results, pricePerCore }: Savings): string[] {
  const head = [
    'codec',
    ...BATCHES.map((batch) => (batch === 1 ? 'one a batch' : `${batch} a batch`)),
    'fewer bytes',
    'CPU µs',
    'traffic saved',
    'CPU costs',
    'net',
  ];
  const rows = results
    .filter(({ batch }) => batch === 1)
    .map((trial) => [
      settingText(trial),
      ...BATCHES.map((batch) => {
        const found = results.find((other) => other.batch === batch && sameSetting(other, trial));
        return found === undefined ? '' : countText(found.bytes);
      }),
      ...moneyCells(trial),
    ]);
  return [
    ...columns([head, ...rows]),
    `  one a batch: an idle link, and what is counted from there on; busier links make batches by themselves.`,
    `  CPU: of both ends of the link for one exchange; at $${pricePerCore} a core. Money: a month.`,
  ];
}

function moneyCells(trial: Trial): string[] {
  return [
    `${trial.ratio.toFixed(2)}x`,
    trial.cpuUs.toFixed(1),
    moneyText(trial.savedPerMonth),
    moneyText(trial.cpuPerMonth),
    moneyText(netOf(trial)),
  ];
}

function delayTable({ delays }: Savings): string[] {
  return columns([
    [
      'delay',
      'calls a batch',
      'bytes',
      'fewer bytes',
      'CPU µs',
      'traffic saved',
      'CPU costs',
      'net',
    ],
    ...delays.map((trial) => [
      `${trial.delayMs} ms`,
      trial.batch.toFixed(1),
      countText(trial.bytes),
      ...moneyCells(trial),
    ]),
  ]);
}

function unpackedText({ unpackedBodies: found, requests, advice }: Savings): string[] {
  if (found === undefined) return [];
  return [
    '',
    ...wrapped(
      `${countText(found.packedBodies)} of ${countText(requests)} bodies came compressed and pass as they are. ` +
        `If the service sent them unpacked (no accept-encoding), ${settingText(advice)} would make ` +
        `${countText(found.bytes)} bytes of an exchange: ${found.ratio.toFixed(2)}x fewer than now, ` +
        `${moneyText(found.savedPerMonth)} a month less.`,
      90,
    ),
  ];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map(
    (row) =>
      `  ${row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('   ')}`,
  );
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
