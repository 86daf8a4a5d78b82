import { execFileSync } from 'node:child_process';
import { Actor } from './actor.ts';

/** Two processes, each in a network namespace of its own, with one wire between them. */
export interface Network {
  readonly server: Actor;
  readonly client: Actor;
  /** The server's address on the wire. */
  readonly serverHost: string;
  /** Both directions carry so much and no more, in Mbit/s. */
  shape(megabits: number): void;
  /** From now on nothing arrives in either direction, and nobody is told: no FIN, no RST, no ICMP. */
  vanish(): void;
  /** Ends both processes; namespaces and wire end with them. */
  stop(): Promise<void>;
}

/** What stands between a shaper and its drops, in bytes: what a switch has. */
const SHAPER_LIMIT = 256 * 1024;
const SHAPER_BURST = 32 * 1024;
const SERVER_HOST = '10.83.0.1';
const CLIENT_HOST = '10.83.0.2';
const DEVICE = 'tp0';

/** Why there can be no network here; undefined where there can be one. */
export function whyNoNetwork(): string | undefined {
  try {
    run('unshare', [
      '--net',
      'sh',
      '-c',
      'ip link add tp0 type veth peer name tp1 && ip link set tp0 up && tc qdisc add dev tp0 root blackhole',
    ]);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : error;
    return `it needs root, and ip, tc, unshare and nsenter: ${why}`;
  }
}

/**
 * @param server the server's part and its arguments; the client's beside it. Nothing is named outside
 * of the namespaces, and these end with the processes, so that nothing is left of them whatever happens.
 */
export async function openNetwork(
  server: readonly [part: string, ...args: string[]],
  client: readonly [part: string, ...args: string[]],
): Promise<Network> {
  const [serverPart, ...serverArgs] = server;
  const [clientPart, ...clientArgs] = client;
  const ends = {
    server: new Actor(serverPart, serverArgs, ['unshare', '--net', '--']),
    client: new Actor(clientPart, clientArgs, ['unshare', '--net', '--']),
  };
  const stop = async () => {
    await Promise.all([ends.server.stop(), ends.client.stop()]);
  };
  const each = (line: string) => {
    for (const { pid } of [ends.server, ends.client]) inside(pid, line);
  };
  try {
    await Promise.all([ends.server.hear('started'), ends.client.hear('started')]);
    const [one, two] = [ends.server.pid, ends.client.pid];
    run(
      'ip',
      `link add ${DEVICE} netns ${one} type veth peer name ${DEVICE} netns ${two}`.split(' '),
    );
    inside(one, `ip addr add ${SERVER_HOST}/30 dev ${DEVICE}`);
    inside(two, `ip addr add ${CLIENT_HOST}/30 dev ${DEVICE}`);
    each(`ip link set ${DEVICE} up`);
    each('ip link set lo up');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...ends,
    serverHost: SERVER_HOST,
    shape: (megabits) =>
      each(
        `tc qdisc replace dev ${DEVICE} root tbf rate ${megabits}mbit burst ${SHAPER_BURST} limit ${SHAPER_LIMIT}`,
      ),
    vanish: () => each(`tc qdisc replace dev ${DEVICE} root blackhole`),
    stop,
  };
}

/** Runs a command in the network namespace of a process. */
function inside(pid: number, line: string): void {
  run('nsenter', ['--target', `${pid}`, '--net', '--', ...line.split(' ')]);
}

function run(file: string, args: readonly string[]): void {
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
