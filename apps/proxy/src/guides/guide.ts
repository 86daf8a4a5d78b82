import { readFileSync } from 'node:fs';

/** What a reader of a guide does next. */
export type Step =
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  /** Commands that stay, in a terminal of their own. */
  | { readonly kind: 'terminal'; readonly commands: string }
  /** Commands that end, and what they print where the guide says it. */
  | { readonly kind: 'commands'; readonly commands: string; readonly prints: string | undefined };

const BLOCK = /^```(\w*)\n(.*?)^```$/gms;
const FILE_NAME = /^(?:#|\/\/) ([\w-]+\.\w+)\n/;

/** Where the guides are. */
export const GUIDES = new URL('../../../../docs/guides/', import.meta.url);

/** The steps of a guide in `docs/guides`, as its README says how to read them. */
export function readGuide(name: string): Step[] {
  const steps: Step[] = [];
  for (const [, language = '', text = ''] of readFileSync(new URL(name, GUIDES), 'utf8').matchAll(
    BLOCK,
  )) {
    const file = FILE_NAME.exec(text)?.[1];
    const last = steps.at(-1);
    if (language === '') continue;
    if (language === 'text' && last?.kind === 'commands' && last.prints === undefined) {
      steps[steps.length - 1] = { ...last, prints: text };
    } else if (language !== 'sh' && file !== undefined) {
      steps.push({ kind: 'file', name: file, text });
    } else if (language === 'sh' && text.startsWith('# terminal:')) {
      steps.push({ kind: 'terminal', commands: text });
    } else if (language === 'sh') {
      steps.push({ kind: 'commands', commands: text, prints: undefined });
    } else {
      throw new Error(`${name}: a block of ${language} is neither a file nor commands:\n${text}`);
    }
  }
  return steps;
}

/** The ports of a guide: the numbers that stand behind a colon in it. */
export function portsOf(steps: readonly Step[]): Set<string> {
  return new Set(
    steps.flatMap((step) =>
      [...bodyOf(step).matchAll(/:(\d{4,5})\b/g)].map(([, port = '']) => port),
    ),
  );
}

/** The same step with other ports. */
export function withPorts(step: Step, ports: ReadonlyMap<string, number>): Step {
  const change = (text: string): string =>
    text.replace(/\b\d{4,5}\b/g, (number) => String(ports.get(number) ?? number));
  if (step.kind === 'file') return { ...step, text: change(step.text) };
  if (step.kind === 'terminal') return { ...step, commands: change(step.commands) };
  const prints = step.prints === undefined ? undefined : change(step.prints);
  return { ...step, commands: change(step.commands), prints };
}

function bodyOf(step: Step): string {
  return step.kind === 'file' ? step.text : step.commands;
}
