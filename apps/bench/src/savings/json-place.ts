/** The steps from a JSON document's root to a value in it. */
export type JsonPath = readonly (string | number)[];

/** A path as people write it: `log.entries[3].request.method`. */
export function pathText(path: JsonPath): string {
  let text = '';
  for (const step of path) {
    text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`;
  }
  return text;
}

/** The line that an offset stands on, counted from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}

/** Where a value begins, or the nearest one around it that is there. The text must be valid JSON. */
export function placeOf(text: string, path: JsonPath): number {
  let at = new Scanner(text).blanks(0);
  for (const step of path) {
    const next = childOf(text, at, step);
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

/** Where text stops being JSON; undefined when all of it is. */
export function firstFlaw(text: string): number | undefined {
  const scanner = new Scanner(text);
  try {
    const end = scanner.blanks(scanner.value(scanner.blanks(0)));
    return end < text.length ? end : undefined;
  } catch (error) {
    if (error instanceof NotJson) return error.at;
    throw error;
  }
}

function childOf(text: string, at: number, step: string | number): number | undefined {
  const scanner = new Scanner(text);
  let count = 0;
  for (const { key, start } of scanner.children(at)) {
    if (step === (key ?? count)) return start;
    count += 1;
  }
  return undefined;
}

class NotJson extends Error {
  readonly at: number;

  constructor(at: number) {
    super(`no JSON at ${at}`);
    this.at = at;
  }
}

/** Walks over JSON text; each step takes an offset and gives the one behind what stands there. */
class Scanner {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  blanks(at: number): number {
    let end = at;
    while (' \t\r\n'.includes(this.#text.charAt(end)) && end < this.#text.length) end += 1;
    return end;
  }

  value(at: number): number {
    const first = this.#text.charAt(at);
    if (first === '"') return this.#string(at);
    if (first !== '{' && first !== '[') return this.#word(at);
    let end = at + 1;
    for (const child of this.children(at)) end = child.end;
    return this.#closing(this.blanks(end), first);
  }

  /** The values of an object or a list, one after the other. */
  *children(at: number): Generator<{ key: string | undefined; start: number; end: number }> {
    const opening = this.#text.charAt(at);
    if (opening !== '{' && opening !== '[') return;
    const closing = opening === '{' ? '}' : ']';
    let next = this.blanks(at + 1);
    if (this.#text.charAt(next) === closing) return;
    for (;;) {
      let key: string | undefined;
      if (opening === '{') {
        const keyEnd = this.#string(next);
        key = String(JSON.parse(this.#text.slice(next, keyEnd)));
        next = this.blanks(this.#sign(this.blanks(keyEnd), ':'));
      }
      const end = this.value(next);
      yield { key, start: next, end };
      next = this.blanks(end);
      if (this.#text.charAt(next) !== ',') return;
      next = this.blanks(next + 1);
    }
  }

  #closing(at: number, opening: string): number {
    return this.#sign(at, opening === '{' ? '}' : ']');
  }

  #sign(at: number, sign: string): number {
    if (this.#text.charAt(at) !== sign) throw new NotJson(at);
    return at + 1;
  }

  #string(at: number): number {
    let end = this.#sign(at, '"');
    for (;;) {
      const code = this.#text.charCodeAt(end);
      if (code === 0x22) return end + 1;
      if (!(code >= 0x20)) throw new NotJson(end);
      end += code === 0x5c ? 2 : 1;
    }
  }

  #word(at: number): number {
    let end = at;
    while (/[\w.+-]/.test(this.#text.charAt(end))) end += 1;
    const word = this.#text.slice(at, end);
    const isOne = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(word);
    if (!isOne) throw new NotJson(at);
    return end;
  }
}
