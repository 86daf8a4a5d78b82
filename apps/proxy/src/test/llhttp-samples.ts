/** One message of the llhttp parser's test files. */
export interface LlhttpSample {
  /** Whether a lenient mode is meant: a strict parser refuses it. */
  readonly lenient: boolean;
  readonly input: string;
  /** What llhttp says that stands in it, the last one perhaps not whole. */
  readonly messages: readonly LlhttpMessage[];
}

/** A request, by where it stands in the input. */
export interface LlhttpMessage {
  readonly target: string;
  readonly targetAt: number;
  readonly body: string;
  readonly isWhole: boolean;
}

/** Takes the messages out of a test file: lines end in CRLF, escapes stand for other bytes. */
export function llhttpSamples(markdown: string): LlhttpSample[] {
  const samples: LlhttpSample[] = [];
  const blocks =
    /<!-- meta=(\{.*?\}) -->\s*```http\n(.*?)\n?```(?:[^`<]*```log\n((?:(?!```).)*)```)?/gs;
  for (const [, meta = '', block = '', log = ''] of markdown.matchAll(blocks)) {
    const input = unescaped(block);
    samples.push({ lenient: meta.includes('lenient'), input, messages: messagesOf(input, log) });
  }
  return samples;
}

function messagesOf(input: string, log: string): LlhttpMessage[] {
  const messages: { target: string; targetAt: number; body: string; isWhole: boolean }[] = [];
  for (const line of log.split('\n')) {
    const [, at, length, kind] = /^off=(\d+) len=(\d+) span\[(url|body)\]/.exec(line) ?? [];
    const message = messages.at(-1);
    if (line.endsWith(' message begin')) {
      messages.push({ target: '', targetAt: -1, body: '', isWhole: false });
    } else if (line.endsWith(' message complete') && message !== undefined) {
      message.isWhole = true;
    } else if (message !== undefined && kind !== undefined) {
      const text = input.slice(Number(at), Number(at) + Number(length));
      if (kind === 'body') message.body += text;
      else {
        if (message.targetAt < 0) message.targetAt = Number(at);
        message.target += text;
      }
    }
  }
  return messages;
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
