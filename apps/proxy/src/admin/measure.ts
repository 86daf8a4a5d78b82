import { countText, savingsPage } from '@tp/savings';
import { renderPage } from '@tp/savings/html';
import type { MeasuredListener } from '../measure/measuring.ts';

/** How often the page is fetched again, in s. */
const REFRESH_SECONDS = 20;
const COMMAND = 'tp-proxy --measure';

/**
 * What links would save on the traffic of one listener, as a page.
 *
 * @param which its place among the listeners, as the query says (`listener=1`).
 */
export function measurePage(results: readonly MeasuredListener[], which: string | null): string {
  const chosen = results[Number(which ?? 0)] ?? results[0];
  const links = [
    { text: 'Dashboard', href: './' },
    ...(results.length < 2
      ? []
      : results.map((result, i) =>
          result === chosen
            ? { text: result.listener }
            : { text: result.listener, href: `measure?listener=${i}` },
        )),
    { text: 'JSON', href: 'measure.json' },
  ];
  const place = { command: COMMAND, links, refreshSeconds: REFRESH_SECONDS };
  if (chosen?.savings) {
    const at = new Date(chosen.measuredAt ?? 0).toISOString();
    const moreFacts = [
      ['measured', `${at.slice(11, 19)} UTC`],
      ['requests so far', countText(chosen.seen)],
    ] as const;
    return savingsPage(chosen.savings, { ...place, moreFacts });
  }
  return renderPage({
    title: 'What teleporting would save',
    lede:
      chosen === undefined
        ? 'No request has come to an HTTP listener yet. What comes is sampled, and replayed over links on this machine.'
        : `${chosen.listener}: ${countText(chosen.seen)} requests have come, of which ${countText(chosen.sampled)} are sampled. They are being replayed over links on this machine; the first figures come in some seconds.`,
    facts: [],
    tiles: [],
    sections: [],
    tables: [],
    missing: [],
    ...place,
  });
}
