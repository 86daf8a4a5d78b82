import { TpError } from '@tp/wire';
import type { Clock, Timer } from '../clock.ts';
import { type Address, addressOf } from '../socket/address.ts';
import { Backoff } from './backoff.ts';
import type { Resolver, ServiceRecord } from './resolver.ts';
import type { Target } from './target.ts';

/** An address that a name stands for. */
export interface Endpoint {
  readonly address: Address;
  readonly priority: number;
  readonly weight: number;
}

/** A target that has to be resolved. */
export type Name = Exclude<Target, { kind: 'address' }>;

/** How names are resolved. */
interface DiscoveryOptions {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: () => number;
  /** How long an answer is good for, in ms, by +-25 %. */
  readonly intervalMs: number;
  /** How long an answer may take, in ms. */
  readonly timeoutMs: number;
}

/** What a name turned out to be. */
interface DiscoveryEvents {
  found(endpoints: readonly Endpoint[]): void;
  /** No answer, or an empty one: what was found before stays. */
  failed(error: TpError): void;
}

/** Resolves a name, and again every while. */
export class Discovery {
  readonly #name: Name;
  readonly #options: DiscoveryOptions;
  readonly #events: DiscoveryEvents;
  readonly #backoff: Backoff;
  #question = 0;
  #timer: Timer | undefined;
  #isAsking = false;
  #isFound = false;
  #inDemand = false;
  #stopped = false;

  constructor(name: Name, options: DiscoveryOptions, events: DiscoveryEvents) {
    this.#name = name;
    this.#options = options;
    this.#events = events;
    this.#backoff = new Backoff(options.random);
    this.#ask();
  }

  /** Whether an answer is awaited. */
  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Calls come, and nobody of whom it knows can be reached: it asks again soon, and less soon each time. */
  demand(): void {
    if (this.#isAsking || this.#inDemand) return;
    this.#inDemand = true;
    this.#askAfter(this.#backoff.inDemand());
    this.#backoff.next();
  }

  /** One of whom it knows was reached. */
  reached(): void {
    this.#backoff.reset();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.clear();
  }

  #askAfter(ms: number): void {
    this.#timer?.clear();
    if (!this.#stopped) this.#timer = this.#options.clock.after(ms, () => this.#ask());
  }

  #ask(): void {
    const { clock, resolver, timeoutMs } = this.#options;
    this.#isAsking = true;
    this.#inDemand = false;
    const question = ++this.#question;
    const answer = (settle: () => void) => {
      if (question !== this.#question) return;
      this.#question++;
      this.#timer?.clear();
      this.#isAsking = false;
      if (!this.#stopped) settle();
    };
    this.#timer = clock.after(timeoutMs, () =>
      answer(() => this.#failed(`there was no answer within ${timeoutMs} ms`)),
    );
    resolve(this.#name, resolver).then(
      (endpoints) =>
        answer(() => {
          if (endpoints.length === 0) this.#failed('it has no addresses');
          else this.#found(endpoints);
        }),
      (cause: unknown) =>
        answer(() => this.#failed(cause instanceof Error ? cause.message : String(cause), cause)),
    );
  }

  #found(endpoints: readonly Endpoint[]): void {
    this.#isFound = true;
    this.#askAfter(this.#interval());
    this.#events.found(endpoints);
  }

  #failed(why: string, cause?: unknown): void {
    const wait = this.#backoff.next();
    this.#askAfter(this.#isFound ? this.#interval() : wait);
    this.#events.failed(
      new TpError({
        code: 'UNREACHABLE',
        message: `${this.#name.url} could not be resolved: ${why}`,
        processed: 'no',
        cause,
      }),
    );
  }

  #interval(): number {
    return this.#options.intervalMs * (0.75 + this.#options.random() / 2);
  }
}

/** What a name stands for now, each address once. */
async function resolve(name: Name, resolver: Resolver): Promise<Endpoint[]> {
  const services =
    name.kind === 'host'
      ? [{ name: name.host, port: name.port, priority: 0, weight: 1 }]
      : await resolver.services(name.service);
  const answers = await Promise.allSettled(
    services.map(async (service) => endpoints(name, service, await addresses(service, resolver))),
  );
  const failure = answers.find((answer) => answer.status === 'rejected');
  const found = new Map<string, Endpoint>();
  for (const answer of answers) {
    if (answer.status === 'rejected') continue;
    for (const endpoint of answer.value) {
      const known = found.get(endpoint.address.url);
      if (known === undefined || endpoint.priority < known.priority)
        found.set(endpoint.address.url, endpoint);
    }
  }
  if (found.size === 0 && failure !== undefined) throw failure.reason;
  return [...found.values()];
}

/** RFC 2782: a service at "." is decidedly not available. */
function addresses(service: ServiceRecord, resolver: Resolver): Promise<readonly string[]> {
  const isNowhere = service.name === '' || service.name === '.';
  return isNowhere ? Promise.resolve([]) : resolver.addresses(service.name);
}

/** The addresses of one record share its weight. */
function endpoints(name: Name, service: ServiceRecord, hosts: readonly string[]): Endpoint[] {
  return hosts.map((host) => ({
    address: addressOf(name.tls, host, service.port, name.host),
    priority: service.priority,
    weight: service.weight / hosts.length,
  }));
}
