import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** A client that sends and receives bytes as they are (latin1). */
export interface RawClient {
  readonly received: string;
  write(text: string): void;
  /** Resolves with all that came, when it satisfies a condition. */
  got(condition: (text: string) => boolean): Promise<string>;
  /** Resolves with all that came, when the other side has closed. */
  closed(): Promise<string>;
  /** How the connection ended: `reset` or `end`; undefined while it stands. */
  readonly ending: 'reset' | 'end' | undefined;
  /** Sends no more. */
  end(): void;
  destroy(): void;
}

/** Connects to a URL of HTTP or `unix:PATH`; ends with the test. */
export async function rawClient(address: string): Promise<RawClient> {
  const socket = address.startsWith('unix:')
    ? net.connect(address.slice(5))
    : net.connect(Number(new URL(address).port), new URL(address).hostname.replace(/^\[|\]$/g, ''));
  let received = '';
  let ending: RawClient['ending'];
  let wake: (() => void)[] = [];
  const notify = (): void => {
    const woken = wake;
    wake = [];
    for (const one of woken) one();
  };
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    notify();
  });
  socket.on('error', () => {
    ending = 'reset';
  });
  socket.on('close', () => {
    ending ??= 'end';
    notify();
  });
  await once(socket, 'connect');
  onTestFinished(() => void socket.destroy());
  const until = async (condition: () => boolean): Promise<string> => {
    while (!condition()) {
      if (ending !== undefined && !condition()) throw new Error(`closed after: ${received}`);
      await new Promise<void>((resolve) => {
        wake.push(resolve);
      });
    }
    return received;
  };
  return {
    get received() {
      return received;
    },
    get ending() {
      return ending;
    },
    write: (text) => void socket.write(text, 'latin1'),
    got: (condition) => until(() => condition(received)),
    closed: () => until(() => ending !== undefined),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

/** Sends one request on a connection of its own, and resolves when the response satisfies a condition. */
export async function exchange(
  address: string,
  request: string,
  condition: (text: string) => boolean = hasWholeResponse,
): Promise<string> {
  const client = await rawClient(address);
  client.write(request);
  const response = await client.got(condition);
  client.destroy();
  return response;
}

/** Whether text holds a final response that is complete by its own framing. */
export function hasWholeResponse(text: string): boolean {
  let at = 0;
  while (/^HTTP\/1\.1 1\d\d /.test(text.slice(at, at + 13))) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end < 0) return false;
    at = end + 4;
  }
  const end = text.indexOf('\r\n\r\n', at);
  if (end < 0) return false;
  const head = text.slice(at, end);
  if (/^HTTP\/1\.1 (?:204|304)/.test(head)) return true;
  if (/^transfer-encoding: chunked/im.test(head))
    return /\r\n0\r\n(?:[^\r\n]+\r\n)*\r\n$/.test(text);
  return text.length >= end + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
}
