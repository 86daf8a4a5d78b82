import type { ErrorCode } from './errors.ts';
import { isFieldValue, isTarget, isToken, parseStatus } from './legal.ts';
import { MAX_NAME, MAX_PATH, MAX_VALUE } from './limits.ts';
import { PSEUDO_NAMES } from './schema.ts';

/** A broken rule that ends the stream and not the link (W-061 to W-063). */
export interface Flaw {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A name with what is wrong with it, found once however often it is referred to. */
export interface FieldName {
  readonly text: string;
  /** Whether it is one of the four that carry what is not a field. */
  readonly pseudo: boolean;
  readonly flaw: Flaw | undefined;
}

/** Judges a name. */
export function fieldName(text: string): FieldName {
  if (text.startsWith(':') && PSEUDO_NAMES.includes(text)) {
    return { text, pseudo: true, flaw: undefined };
  }
  return { text, pseudo: false, flaw: flawOfName(text) };
}

function flawOfName(text: string): Flaw | undefined {
  if (text.length > MAX_NAME) return tooLarge(`a name is longer than ${MAX_NAME} bytes`);
  return isToken(text) ? undefined : flawed('the name of a field is not a token (W-062)');
}

/** Judges a value by its name's rules. */
export function flawOfValue(name: FieldName, value: string): Flaw | undefined {
  if (name.text === ':path') {
    if (value.length > MAX_PATH) return tooLarge(`a path is longer than ${MAX_PATH} bytes`);
    if (isTarget(value)) return undefined;
    return flawed('a path is empty or has a byte that is not allowed (W-062)');
  }
  if (value.length > MAX_VALUE) return tooLarge(`a value is longer than ${MAX_VALUE} bytes`);
  if (name.text === ':method') {
    return isToken(value) ? undefined : flawed('a method is not a token (W-062)');
  }
  if (name.text === ':status') {
    return parseStatus(value) > 0 ? undefined : flawed('a status is not 100 to 599 (W-062)');
  }
  if (isFieldValue(value)) return undefined;
  return flawed(`the value of a field or a reason has a byte that is not allowed (W-062)`);
}

/** A flaw of code PROTOCOL. */
export function flawed(message: string): Flaw {
  return { code: 'PROTOCOL', message };
}

/** A flaw of code HEAD_LIMIT. */
export function tooLarge(message: string): Flaw {
  return { code: 'HEAD_LIMIT', message: `${message} (W-063)` };
}
