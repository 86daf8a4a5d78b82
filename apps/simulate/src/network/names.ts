import type { Resolver } from '@tp/transport';
import type { Host } from '../world/host.ts';
import type { Random } from '../world/random.ts';

/** How a question is answered while something is wrong: not at all, with a failure, or with nothing. */
export type NameFault = 'silent' | 'failing' | 'empty';

/** What stands for all servers: as a host, and as a service. */
export const NAMED_URLS = ['teleport://servers:1', 'teleport+srv://_tp._tcp.servers'] as const;
const HOST = 'servers';

/** What names stand for. */
export class Names {
  readonly #addresses: readonly string[];
  readonly #random: Random;
  #known: readonly string[];
  #fault: NameFault | undefined;

  /** @param addresses of all servers: IP addresses. */
  constructor(addresses: readonly string[], random: Random) {
    this.#addresses = addresses;
    this.#known = addresses;
    this.#random = random;
  }

  /** Names stand for some of the servers from now on, and for one at least. */
  change(): void {
    const some = this.#addresses.filter(() => this.#random.chance(0.5));
    const last = this.#addresses.at(-1);
    this.#known = some.length > 0 || last === undefined ? some : [last];
  }

  /** Questions are answered like this from now on; undefined: as they should be. */
  fail(fault: NameFault | undefined): void {
    this.#fault = fault;
  }

  /** Names stand for all servers again. */
  heal(): void {
    this.#known = this.#addresses;
    this.#fault = undefined;
  }

  /** Answers the questions of a process. */
  resolver(host: Host): Resolver {
    return {
      addresses: async (name) => {
        const known = await this.#answer(host);
        return name === HOST ? known : known.filter((address) => name === hostOf(address));
      },
      services: async () => {
        const known = await this.#answer(host);
        const record = { port: 1, priority: 1 };
        return known.map((address, i) => ({ ...record, name: hostOf(address), weight: i }));
      },
    };
  }

  async #answer(host: Host): Promise<readonly string[]> {
    if (this.#fault === 'silent') return new Promise(() => {});
    await host.sleep(this.#random.scale(0.1, 50));
    if (this.#fault === 'failing') throw new Error('the name cannot be resolved');
    return this.#fault === 'empty' ? [] : this.#known;
  }
}

/** The name of one server alone. */
function hostOf(address: string): string {
  return `host-${address.replaceAll('.', '-')}`;
}
