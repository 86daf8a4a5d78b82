import type { Request, ResponseInit } from '@tp/http';
import { Fields } from '@tp/wire';
import type { OutgoingRequest } from '../exchange.ts';
import type { Destination, Watch, Watcher } from '../watch.ts';
import { watchedBody } from '../watched-body.ts';
import type { ExchangeSample, SamplePlace } from './exchange-sample.ts';
import { createMask } from './mask-secrets.ts';

/** Takes samples of what passes. @param sampleOf the sample of a listener; undefined where none is taken. */
export function createSampler(sampleOf: (listener: string) => ExchangeSample | undefined): Watcher {
  const mask = createMask();
  return {
    begin(listener, request) {
      const sample = sampleOf(listener);
      if (sample === undefined) return undefined;
      sample.seen += 1;
      const place = sample.open();
      return place === undefined ? undefined : new SampledRequest(place, request, mask);
    },
  };
}

class SampledRequest implements Watch {
  readonly #place: SamplePlace;
  readonly #method: string;
  readonly #path: string;
  readonly #mask: (headers: readonly string[]) => string[];
  readonly #atMs = Date.now();
  #sent: { readonly headers: readonly string[]; readonly body: Kept | undefined } | undefined;
  #answer:
    | { readonly status: number; readonly headers: readonly string[]; readonly body: Kept }
    | undefined;

  constructor(
    place: SamplePlace,
    { method, path }: Request,
    mask: (headers: readonly string[]) => string[],
  ) {
    this.#place = place;
    this.#method = method;
    this.#path = path;
    this.#mask = mask;
  }

  sends(_to: Destination, outgoing: OutgoingRequest): OutgoingRequest {
    if (this.#sent !== undefined) return outgoing;
    const headers = this.#mask(outgoing.headers.raw);
    const { body } = outgoing;
    if (body === null) {
      this.#sent = { headers, body: undefined };
      return outgoing;
    }
    const kept = new Kept(this.#place, () => this.#settle());
    this.#sent = { headers, body: kept };
    if (body instanceof Uint8Array) {
      kept.piece(body);
      kept.ended(true);
      return outgoing;
    }
    return { ...outgoing, body: watchedBody(body, kept) };
  }

  retried(): void {}

  answered(response: ResponseInit): ResponseInit {
    const { status = 200, headers, body } = response;
    if (this.#sent === undefined) {
      this.#place.forget();
      return response;
    }
    if (response.upgrade !== undefined) {
      this.#place.leaveOut('switched');
      return response;
    }
    const kept = new Kept(this.#place, () => this.#settle());
    this.#answer = { status, headers: this.#mask(Fields.from(headers).raw), body: kept };
    if (
      body === null ||
      body === undefined ||
      typeof body === 'string' ||
      body instanceof Uint8Array
    ) {
      if (body) kept.piece(typeof body === 'string' ? Buffer.from(body) : body);
      kept.ended(true);
      return response;
    }
    return { ...response, body: watchedBody(body, kept) };
  }

  failed(): void {
    this.#place.leaveOut('broken');
  }

  /** Both bodies have come to their ends. */
  #settle(): void {
    const [sent, answer] = [this.#sent, this.#answer];
    if (sent === undefined || answer === undefined) return;
    if (sent.body?.isOpen || answer.body.isOpen) return;
    this.#place.keep({
      atMs: this.#atMs,
      method: this.#method,
      path: this.#path,
      headers: sent.headers,
      body: sent.body?.bytes(),
      status: answer.status,
      answerHeaders: answer.headers,
      answerBody: answer.body.bytes(),
    });
  }
}

/** A body, copied as it passes: what it is a part of would be kept alive with it. */
class Kept {
  isOpen = true;
  #pieces: Uint8Array[] = [];
  #length = 0;
  readonly #place: SamplePlace;
  readonly #settle: () => void;

  constructor(place: SamplePlace, settle: () => void) {
    this.#place = place;
    this.#settle = settle;
  }

  piece(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.#length += bytes.length;
    if (this.#place.take(bytes.length, this.#length)) {
      this.#pieces.push(new Uint8Array(bytes));
      return;
    }
    this.isOpen = false;
    this.#pieces = [];
    this.#place.leaveOut('body');
  }

  ended(whole: boolean): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (whole) this.#settle();
    else this.#place.leaveOut('broken');
  }

  bytes(): Uint8Array {
    return this.#pieces.length === 1 ? (this.#pieces[0] ?? NOTHING) : Buffer.concat(this.#pieces);
  }
}

const NOTHING = new Uint8Array(0);
