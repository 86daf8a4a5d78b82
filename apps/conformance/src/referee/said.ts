import type { Code, Processed } from '../codes.ts';
import type { Limits, Offer } from '../craft/hello.ts';

/** A name and its value, each character one byte (W-006). */
export type TextField = readonly [name: string, value: string];

/** What a peer's hello says. Limits that it lacks are the defaults. */
export interface PeerHello {
  readonly version: number;
  readonly offers: readonly Offer[];
  readonly limits: Limits;
  readonly checksum: boolean;
  readonly agent: string;
  readonly token: string;
}

/** A record that the peer has said, after the referee found nothing wrong with it. */
export type Said =
  | { readonly kind: 'hello'; readonly hello: PeerHello }
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly method: string;
      readonly path: string;
      readonly fields: readonly TextField[];
      readonly body: Uint8Array;
      readonly more: boolean;
      readonly timeoutMs: number;
      readonly oneWay: boolean;
    }
  | {
      readonly kind: 'response';
      readonly id: number;
      readonly status: number;
      readonly reason: string;
      readonly fields: readonly TextField[];
      readonly body: Uint8Array;
      readonly more: boolean;
    }
  | {
      readonly kind: 'data';
      readonly id: number;
      readonly bytes: Uint8Array;
      readonly end: boolean;
    }
  | { readonly kind: 'trailers'; readonly id: number; readonly fields: readonly TextField[] }
  | { readonly kind: 'credit'; readonly id: number; readonly bytes: number }
  | {
      readonly kind: 'cancel';
      readonly id: number;
      readonly code: Code;
      readonly processed: Processed;
      readonly message: string;
    }
  | { readonly kind: 'ping'; readonly token: number }
  | { readonly kind: 'pong'; readonly token: number }
  | {
      readonly kind: 'goaway';
      readonly lastId: number;
      readonly code: Code;
      readonly message: string;
      readonly final: boolean;
    };

/** The kinds of record that a peer says. */
export type Kind = Said['kind'];
/** A record of that kind. */
export type SaidOf<K extends Kind> = Extract<Said, { readonly kind: K }>;

/** A record in a few words. */
export function describe(said: Said): string {
  switch (said.kind) {
    case 'request':
      return `Request ${said.id} ${said.method} ${shorten(said.path)}${said.more ? ', more' : ''}${said.oneWay ? ', one-way' : ''}`;
    case 'response':
      return `Response ${said.id} ${said.status}, ${said.body.length} bytes${said.more ? ', more' : ''}`;
    case 'data':
      return `Data ${said.id}, ${said.bytes.length} bytes${said.end ? ', end' : ''}`;
    case 'trailers':
      return `Trailers ${said.id}`;
    case 'credit':
      return `Credit ${said.id}, ${said.bytes} bytes`;
    case 'cancel':
      return `Cancel ${said.id} ${said.code}, processed ${said.processed} (${said.message})`;
    case 'goaway':
      return `Goaway ${said.code}${said.final ? `, final, last id ${said.lastId}` : ''} (${said.message})`;
    case 'ping':
    case 'pong':
      return `${said.kind === 'ping' ? 'Ping' : 'Pong'} ${said.token}`;
    default:
      return 'Hello';
  }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
