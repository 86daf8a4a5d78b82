/** One message of the llhttp parser's test files. */
export interface LlhttpSample {
  /** Whether a lenient mode is meant: a strict parser refuses it. */
  readonly lenient: boolean;
  readonly input: string;
}

/** Takes the messages out of a test file: lines end in CRLF, escapes stand for other bytes. */
export function llhttpSamples(markdown: string): LlhttpSample[] {
  const samples: LlhttpSample[] = [];
  for (const block of markdown.matchAll(/<!-- meta=(\{.*?\}) -->\s*```http\n(.*?)\n?```/gs)) {
    samples.push({
      lenient: (block[1] ?? '').includes('lenient'),
      input: unescaped(block[2] ?? ''),
    });
  }
  return samples;
}

function unescaped(block: string): string {
  return block
    .replaceAll(/\\\n/g, '')
    .replaceAll(/\r?\n/g, '\r\n')
    .replaceAll('\\r', '\r')
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .replaceAll('\\f', '\f')
    .replaceAll(/\\x([0-9a-f]{2})/gi, (_all, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
