import type { ListenerConfig } from './config.ts';

/** Listeners by their address, and how often that address came before: several may ask for any free port. */
export function listenersByKey(listeners: readonly ListenerConfig[]): Map<string, ListenerConfig> {
  const keys = new Map<string, ListenerConfig>();
  for (const config of listeners) {
    let key = config.address.text;
    for (let turn = 2; keys.has(key); turn++) key = `${config.address.text} ${turn}`;
    keys.set(key, config);
  }
  return keys;
}
