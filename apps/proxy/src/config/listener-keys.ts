import type { Address } from './address.ts';
import type { ListenerConfig } from './config.ts';

/**
 * Listeners by what is bound, whatever is spoken there, and how often that came before: several may ask
 * for any free port.
 */
export function listenersByKey(listeners: readonly ListenerConfig[]): Map<string, ListenerConfig> {
  const keys = new Map<string, ListenerConfig>();
  for (const config of listeners) {
    const place = placeOf(config.address);
    let key = place;
    for (let turn = 2; keys.has(key); turn++) key = `${place} ${turn}`;
    keys.set(key, config);
  }
  return keys;
}

function placeOf(address: Address): string {
  if ('path' in address) return address.path;
  return 'host' in address ? `${address.host}:${address.port}` : address.text;
}
