/** An address of either side of the proxy. */
export type Address =
  | {
      readonly kind: 'http';
      readonly text: string;
      readonly tls: boolean;
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'http-unix'; readonly text: string; readonly path: string }
  | {
      readonly kind: 'teleport';
      readonly text: string;
      readonly tls: boolean;
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'teleport-unix'; readonly text: string; readonly path: string }
  | { readonly kind: 'teleport-srv'; readonly text: string; readonly tls: boolean };

/** What `parseAddress` takes where requests come in, for messages. */
export const ADDRESS_FORMS =
  'http://HOST:PORT, https://HOST:PORT, unix:PATH, teleport://HOST:PORT, teleports://HOST:PORT or teleport+unix:PATH';
/** What it takes where they go. */
export const UPSTREAM_FORMS = `${ADDRESS_FORMS}, or teleport+srv://_NAME._PROTO.DOMAIN`;

const SERVICE = /^teleport(s?)\+srv:\/\/_[\w-]+\._[\w-]+\.[A-Za-z0-9][\w.-]*\/?$/;
const NETWORK = /^(https?|teleports?):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?\/?$/;

/** Reads an address; undefined when it is none. HTTP's usual ports may be left out. */
export function parseAddress(text: string): Address | undefined {
  const unix = /^(unix|teleport\+unix):(.+)$/.exec(text);
  if (unix !== null) {
    const path = unix[2] ?? '';
    return { kind: unix[1] === 'unix' ? 'http-unix' : 'teleport-unix', text, path };
  }
  const parts = NETWORK.exec(text);
  if (parts === null) return undefined;
  const scheme = parts[1] ?? '';
  const port = portOf(scheme, parts[3]);
  if (port === undefined) return undefined;
  const host = (parts[2] ?? '').replace(/^\[|\]$/g, '');
  const kind = scheme.startsWith('http') ? 'http' : 'teleport';
  return { kind, text: text.replace(/\/$/, ''), tls: scheme.endsWith('s'), host, port };
}

/** Reads where requests go: what `parseAddress` takes, or a service in DNS; undefined when it is neither. */
export function parseUpstream(text: string): Address | undefined {
  const service = SERVICE.exec(text);
  if (service === null) return parseAddress(text);
  return { kind: 'teleport-srv', text: text.replace(/\/$/, ''), tls: service[1] === 's' };
}

/** Whether `parseUpstream` can read it. */
export function isUpstreamAddress(text: string): boolean {
  return parseUpstream(text) !== undefined;
}

/** The same address at another port, where it has one and a port is given. */
export function withPort(address: Address, port: number | undefined): Address {
  if (port === undefined || !('port' in address)) return address;
  return { ...address, port, text: address.text.replace(/:\d+$/, `:${port}`) };
}

/** Whether links to or at it would carry plain text beyond this machine. */
export function leavesInPlainText(address: Address): boolean {
  if (address.kind === 'teleport-srv') return !address.tls;
  return address.kind === 'teleport' && !address.tls && !isLoopback(address.host);
}

/** Whether bytes sent to a host never leave this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Reads `HOST:PORT`; undefined when it is none. */
export function parseHostPort(text: string): { host: string; port: number } | undefined {
  const address = parseAddress(`http://${text}`);
  if (address?.kind !== 'http' || !/:\d+$/.test(text)) return undefined;
  return { host: address.host, port: address.port };
}

function portOf(scheme: string, text: string | undefined): number | undefined {
  if (text === undefined) return scheme === 'http' ? 80 : scheme === 'https' ? 443 : undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}
