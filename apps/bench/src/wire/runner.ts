import type { RecordSink } from '@tp/wire';
import type { Sample } from '../measure/sample.ts';
import { ComparingSink } from './comparing-sink.ts';
import { readEnvelopes, writeEnvelopes } from './envelopes.ts';
import type { Message } from './message.ts';
import type { WireCase } from './wire-case.ts';
import type { WireTraffic } from './wire-traffic.ts';

/** A case made ready to run. */
export interface Runner {
  /** Runs for about that long, in whole passes over the traffic, each with new links. */
  readonly run: (seconds: number) => Sample;
}

/**
 * Makes a case ready: writes all of its traffic, reads it and compares it with what went in.
 *
 * @throws {Error} when something does not come out as it went in.
 */
export function makeRunner({ direction, batch }: WireCase, traffic: WireTraffic): Runner {
  const links = traffic.links.map((messages) => ({ messages, chunks: chunksOf(messages, batch) }));
  const sink = new CountingSink();
  let written = 0;
  const pass = (): void => {
    for (const { messages, chunks } of links) {
      if (direction === 'decode') readEnvelopes(chunks, sink);
      else {
        writeEnvelopes(messages, batch, ({ length }) => {
          written += length;
        });
      }
    }
  };
  const ops = links.reduce((sum, { messages }) => sum + messages.length, 0);
  const wireBytes = links
    .flatMap(({ chunks }) => chunks)
    .reduce((sum, { length }) => sum + length, 0);
  return {
    run: (seconds) => {
      const [cpuBefore, before] = [process.cpuUsage(), performance.now()];
      let passes = 0;
      let elapsedMs = 0;
      do {
        pass();
        passes += 1;
        elapsedMs = performance.now() - before;
      } while (elapsedMs < seconds * 1000);
      const { user, system } = process.cpuUsage(cpuBefore);
      const due = ops * passes;
      check('messages', direction === 'decode' ? sink.take() : due, due);
      check('bytes', direction === 'encode' ? written : wireBytes * passes, wireBytes * passes);
      written = 0;
      return {
        ops: due,
        elapsedNs: elapsedMs * 1e6,
        cpuUs: user + system,
        wireBytes: wireBytes * passes,
        httpBytes: traffic.httpBytes * passes,
      };
    },
  };
}

function check(what: string, found: number, due: number): void {
  if (found !== due) throw new Error(`found ${found} ${what} where ${due} were due`);
}

/** The envelopes of a link, which were read and compared with what is in them. */
function chunksOf(messages: readonly Message[], batch: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  writeEnvelopes(messages, batch, (envelope) => chunks.push(envelope.slice()));
  const sink = new ComparingSink();
  readEnvelopes(chunks, sink);
  sink.compare(messages);
  return chunks;
}

/** Counts messages and does nothing else with them. */
class CountingSink implements RecordSink {
  #count = 0;

  /** How many there were since the last time. */
  take(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }

  request(): void {
    this.#count += 1;
  }

  response(): void {
    this.#count += 1;
  }

  data(): void {}
  trailers(): void {}
  flawed(): void {}
  credit(): void {}
  cancel(): void {}
  ping(): void {}
  pong(): void {}
  goaway(): void {}
  hello(): void {}
  glitch(): void {}
}
