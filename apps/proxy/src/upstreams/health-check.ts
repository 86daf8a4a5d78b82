import http from 'node:http';
import https from 'node:https';
import type { HealthConfig } from '../config/config.ts';
import { dialSocket, type OriginTarget } from '../h1/dial-socket.ts';

/** How far the time between two questions differs from what is set, so that many do not ask at once. */
const JITTER = 0.2;

/**
 * Asks an HTTP origin again and again whether it is well, each time over a connection of its own.
 * It counts as well until it has failed often enough.
 *
 * @param changed is told when it is no longer well, and when it is again.
 * @returns ends it.
 */
export function watchHealth(
  target: OriginTarget,
  config: HealthConfig,
  changed: (isWell: boolean) => void,
): () => void {
  let isWell = true;
  let against = 0;
  let timer: NodeJS.Timeout | undefined;
  const stopped = new AbortController();

  const round = async (): Promise<void> => {
    const answer = await ask(target, config, stopped.signal);
    if (stopped.signal.aborted) return;
    against = answer === isWell ? 0 : against + 1;
    if (against >= (isWell ? config.unhealthy : config.healthy)) {
      isWell = answer;
      against = 0;
      changed(isWell);
    }
    const wait = config.intervalMs * (1 - JITTER + 2 * JITTER * Math.random());
    timer = setTimeout(() => void round(), wait).unref();
  };
  void round();
  return () => {
    stopped.abort();
    clearTimeout(timer);
  };
}

/** Whether it answers with 200 to 399 in time. */
function ask(target: OriginTarget, config: HealthConfig, stopped: AbortSignal): Promise<boolean> {
  const { path: socketPath, host, port, tls } = target;
  const place =
    socketPath === undefined
      ? { host: host ?? '127.0.0.1', port: port ?? 80 }
      : { socketPath, host: 'localhost' };
  const options = {
    ...place,
    path: config.path,
    ...connecting(target),
    ...(config.host === undefined ? {} : { headers: { host: config.host }, setHost: false }),
    signal: AbortSignal.any([stopped, AbortSignal.timeout(config.timeoutMs)]),
  };
  return new Promise((resolve) => {
    const request = tls === undefined ? http.get(options) : https.get({ ...options, ...tls });
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
      response.destroy();
    });
    request.on('error', () => resolve(false));
  });
}

/** A connection of its own; with a header, that says that it is for no client. */
function connecting(target: OriginTarget): http.RequestOptions {
  if (target.proxyProtocol === undefined) return { agent: false };
  return { createConnection: () => dialSocket(target) };
}
