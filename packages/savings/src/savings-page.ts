import { netOf, percent } from './advice.ts';
import { type BarChart, renderBars } from './html/bars.ts';
import { short, tickText } from './html/numbers.ts';
import { type Page, renderPage, renderTable, type Tile } from './html/page.ts';
import { DAYS_PER_MONTH, moneyText } from './money.ts';
import type { Savings, Trial } from './savings.ts';
import { sameSetting, settingText } from './settings.ts';
import { rateText } from './terminal.ts';
import { countText, sizeText } from './units.ts';

/** Where a page of savings is shown, if it is not a file that `npm run measure` has written. */
export type SavingsPlace = Pick<Page, 'command' | 'links' | 'refreshSeconds'> & {
  /** What else to say of how it was measured. */
  readonly moreFacts?: Page['facts'];
};

const A_FILE: SavingsPlace = { command: 'npm run measure -- FILE --html FILE' };

/** The page of what was saved: advice on top, charts, then every figure. */
export function savingsPage(
  savings: Savings,
  { moreFacts = [], ...place }: SavingsPlace = A_FILE,
): string {
  const { traffic, requests, http1, rate, advice, leftOut, pricePerGb, pricePerCore } = savings;
  const monthly = sizeText(http1.bytes * rate.requestsPerDay * DAYS_PER_MONTH);
  return renderPage({
    title: 'What teleporting would save',
    lede: `${traffic}: ${countText(requests)} requests with their answers, replayed over real links; each one arrived as it was recorded. ${rateText(rate)} that is ${monthly} of HTTP a month.`,
    facts: [
      ['machine', savings.machine],
      ['runtime', savings.runtime],
      ['a GB', `$${pricePerGb}`],
      ['a core and month', `$${pricePerCore}`],
      ...moreFacts,
    ],
    advice: advice.text,
    tiles: tilesOf(savings),
    sections: [
      {
        title: 'Codecs and levels',
        about:
          'One call a batch is an idle link. A link under load makes batches by itself, and packs better for less CPU.',
        charts: [1, 8, 64].map((batch) => renderBars(bytesChart(savings, batch))),
      },
      {
        title: 'What it costs and leaves',
        about: `CPU of both ends of the link for one exchange, and what is left of the money that bytes save when CPU is paid.`,
        charts: [renderBars(cpuChart(savings)), renderBars(moneyChart(savings))],
      },
      {
        title: 'Batch delay',
        about: `How long a batch may wait for more calls, with ${settingText(advice)} at this rate. A delay is latency that every call pays.`,
        charts: [renderBars(delayChart(savings))],
      },
    ],
    tables: [
      renderTable(
        'All replays',
        rowsOf(savings),
        2,
        ([name, delay]) => name === settingText(advice) && delay === '',
      ),
    ],
    missing: leftOut.map(({ why, count }) => ({ system: `${countText(count)} entries`, why })),
    ...place,
  });
}

function chosenOf({ results, advice }: Savings): Trial | undefined {
  return results.find((trial) => trial.batch === 1 && sameSetting(trial, advice));
}

function tilesOf(savings: Savings): Tile[] {
  const chosen = chosenOf(savings);
  if (chosen === undefined) return [];
  const { http1, unpackedBodies } = savings;
  return [
    {
      value: `${chosen.ratio.toFixed(1)}×`,
      text: `fewer bytes with ${settingText(chosen)}, even one call a batch`,
    },
    {
      value: moneyText(chosen.savedPerMonth),
      text: `of ${moneyText(http1.perMonth)} for traffic saved a month`,
    },
    {
      value: `${short(chosen.cpuUs)} µs`,
      text: `of CPU for an exchange, both ends: ${moneyText(chosen.cpuPerMonth)} a month`,
    },
    ...(unpackedBodies === undefined
      ? []
      : [
          {
            value: `${unpackedBodies.ratio.toFixed(1)}×`,
            text: `fewer bytes if the ${countText(unpackedBodies.packedBodies)} bodies that come compressed came unpacked`,
          },
        ]),
  ];
}

function bytesChart({ http1, results, advice }: Savings, batch: number): BarChart {
  return {
    title: `Bytes of one exchange, ${batch === 1 ? 'one call' : `${batch} calls`} a batch`,
    caption: 'Request and response. Shorter is better.',
    tick: tickText,
    bars: [
      {
        label: 'HTTP/1.1, as now',
        value: http1.bytes,
        text: `${short(http1.bytes)} B`,
        tone: 'base',
      },
      ...results
        .filter((trial) => trial.batch === batch)
        .map((trial) => ({
          label: settingText(trial),
          value: trial.bytes,
          text: `${short(trial.bytes)} B`,
          note: `${trial.ratio.toFixed(2)}x fewer`,
          tone: sameSetting(trial, advice) ? ('ours' as const) : ('ours-soft' as const),
        })),
    ],
  };
}

function cpuChart({ results, advice }: Savings): BarChart {
  return {
    title: 'CPU of one exchange',
    caption: 'µs, one call a batch; darker, with 64 a batch. Shorter is better.',
    tick: tickText,
    bars: results
      .filter(({ batch }) => batch === 1)
      .map((trial) => {
        const packed = results.find((other) => other.batch === 64 && sameSetting(other, trial));
        return {
          label: settingText(trial),
          value: trial.cpuUs,
          text: `${short(trial.cpuUs)} µs`,
          ...(packed === undefined || packed.cpuUs > trial.cpuUs
            ? {}
            : { part: packed.cpuUs, note: `${short(packed.cpuUs)} µs with 64` }),
          tone: sameSetting(trial, advice) ? ('ours' as const) : ('ours-soft' as const),
        };
      }),
  };
}

function moneyChart({ results, advice, http1 }: Savings): BarChart {
  return {
    title: 'Left in a month',
    caption: `Saved for traffic, less what the CPU costs; all traffic costs ${moneyText(http1.perMonth)} now. Longer is better.`,
    tick: (value) => `$${tickText(value)}`,
    bars: results
      .filter(({ batch }) => batch === 1)
      .map((trial) => ({
        label: settingText(trial),
        value: Math.max(0, netOf(trial)),
        text: moneyText(netOf(trial)),
        note: `CPU ${moneyText(trial.cpuPerMonth)}`,
        tone: sameSetting(trial, advice) ? ('ours' as const) : ('ours-soft' as const),
      })),
  };
}

function delayChart({ delays }: Savings): BarChart {
  const none = delays[0]?.bytes ?? 0;
  return {
    title: 'Bytes of one exchange by delay',
    caption: 'Request and response. Shorter is better.',
    tick: tickText,
    bars: delays.map((trial) => ({
      label: `${trial.delayMs} ms`,
      detail: `${trial.batch.toFixed(1)} calls a batch`,
      value: trial.bytes,
      text: `${short(trial.bytes)} B`,
      note: trial.bytes < none * 0.999 ? `${percent(1 - trial.bytes / none)} less` : '',
      tone: trial.delayMs === 0 ? ('ours' as const) : ('ours-soft' as const),
    })),
  };
}

function rowsOf({ results, delays, http1, unpackedBodies }: Savings): string[][] {
  const row = (trial: Trial, what: string): string[] => [
    settingText(trial),
    what,
    short(trial.batch),
    ...[trial.requestBytes, trial.responseBytes, trial.bytes].map(short),
    trial.ratio.toFixed(2),
    trial.cpuUs.toFixed(1),
    moneyText(trial.savedPerMonth),
    moneyText(trial.cpuPerMonth),
    moneyText(netOf(trial)),
  ];
  return [
    [
      'codec',
      '',
      'calls a batch',
      'bytes there',
      'back',
      'together',
      'times fewer',
      'CPU µs',
      'traffic saved',
      'CPU costs',
      'net',
    ],
    [
      'HTTP/1.1',
      'as now',
      '',
      ...[http1.requestBytes, http1.responseBytes, http1.bytes].map(short),
      '',
      '',
      '',
      '',
      '',
    ],
    ...results.map((trial) => row(trial, '')),
    ...delays.map((trial) => row(trial, `delay ${trial.delayMs} ms`)),
    ...(unpackedBodies === undefined ? [] : [row(unpackedBodies, 'bodies unpacked')]),
  ];
}
