import { renderPage, renderTable, short, type Tile } from '@tp/savings/html';
import type { Ratio, Report } from '../report/report.ts';
import { resultRows } from '../report/table.ts';
import { bytesSections } from './bytes-charts.ts';
import { linkSections } from './link-charts.ts';
import { memorySections } from './memory-charts.ts';
import { proxySections } from './proxy-charts.ts';
import { timeSections } from './time-charts.ts';
import { wireSections } from './wire-charts.ts';

/** Ratios that stand on top, in this order, in words. */
const HEADLINES: ReadonlyMap<string, string> = new Map([
  ['rtb bytes vs http1', 'fewer bytes than HTTP/1.1: OpenRTB bid requests'],
  ['rest bytes vs http1', 'fewer bytes than HTTP/1.1: a JSON API'],
  ['link goodput vs link rate', 'as much HTTP through a link as its rate: OpenRTB'],
  ['get/none/100 vs undici', 'the calls of undici on a core: small GET, 100 callers'],
  ['get/none/100 vs node-http2', 'the calls of node:http2 on a core: small GET, 100 callers'],
  ['get/none/1000 vs httpteleport', 'the calls of httpteleport on a core: small GET, 1000 callers'],
  [
    'rtb/compressed/1000 vs httpteleport',
    'the calls of httpteleport on a core: OpenRTB, compressed',
  ],
  ['proxy pair rps vs httptp', 'the requests a second of the httptp pair'],
]);
const TEXT_COLUMNS = 3;

/** The page of a benchmark's report: charts on top, then every figure. */
export function benchPage(report: Report): string {
  const { suite, runtime, machine, results, ratios, notMeasured, trials = [] } = report;
  const tables = [
    ...(ratios.length > 0 ? [ratioTable(ratios)] : []),
    ...(results.length > 0
      ? [
          renderTable(
            `All ${results.length} results`,
            resultRows(results),
            TEXT_COLUMNS,
            (row) => row[1] === 'tp',
          ),
        ]
      : []),
    ...(trials.length > 0
      ? [
          renderTable(
            'Promises, tried',
            [
              ['promise', 'asked', 'measured', ''],
              ...trials.map(({ name, asked, measured, holds }) => [
                name,
                asked,
                measured,
                holds ? 'holds' : 'fails',
              ]),
            ],
            TEXT_COLUMNS + 1,
            () => false,
            true,
          ),
        ]
      : []),
  ];
  return renderPage({
    title: suite === 'all' ? 'tp, measured' : `tp, measured: ${suite}`,
    lede: 'HTTP between servers, in batches over a few compressed links. Whatever is compared here was measured in the same run on the same machine.',
    facts: [
      ['machine', machine],
      ['runtime', runtime],
      ...(report.versions ?? []).map(({ system, version }) => [system, version] as const),
    ],
    tiles: tilesOf(ratios),
    sections: [
      ...bytesSections(results),
      ...linkSections(results),
      ...timeSections(results),
      ...proxySections(results),
      ...memorySections(results),
      ...wireSections(results),
    ],
    tables,
    missing: notMeasured,
    command: `npm run bench -- ${suite} --html FILE`,
  });
}

function tilesOf(ratios: readonly Ratio[]): Tile[] {
  return [...HEADLINES].flatMap(([name, text]) => {
    const ratio = ratios.find((other) => other.name === name);
    return ratio === undefined ? [] : [{ value: `${short(ratio.value)}×`, text }];
  });
}

function ratioTable(ratios: readonly Ratio[]): string {
  return renderTable(
    'Ratios',
    [
      ['ratio', 'value', ''],
      ...ratios.map(({ name, value, higherIsBetter }) => [
        name,
        String(value),
        higherIsBetter ? 'higher is better' : 'lower is better',
      ]),
    ],
    1,
    () => false,
    true,
  );
}
