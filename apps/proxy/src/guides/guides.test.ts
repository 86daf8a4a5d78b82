import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { needs } from '../outside/tools.ts';
import { GUIDES, readGuide } from './guide.ts';
import { runGuide } from './run-guide.ts';

const NAMES = readdirSync(GUIDES).filter((name) => name.endsWith('.md') && name !== 'README.md');

describe('the guides', () => {
  it('are the four deployments, and the README names each', () => {
    const readme = readFileSync(new URL('README.md', GUIDES), 'utf8');
    expect([...readme.matchAll(/\(([\w-]+\.md)\)/g)].map(([, name]) => name).sort()).toEqual(NAMES);
    expect(NAMES).toHaveLength(4);
  });

  for (const name of NAMES) {
    const steps = readGuide(name);
    const commands = steps.map((step) => (step.kind === 'file' ? '' : step.commands)).join('');
    const tools = needs(
      'bash',
      ...['openssl', 'curl', 'grep'].filter((tool) => commands.includes(tool)),
    );
    it.skipIf(tools.missing)(tools.title(`${name} runs as written`), async () => {
      expect(steps.filter(({ kind }) => kind === 'terminal').length).toBeGreaterThan(1);
      expect(steps.some((step) => step.kind === 'commands' && step.prints !== undefined)).toBe(
        true,
      );
      await runGuide(steps);
    });
  }
});
