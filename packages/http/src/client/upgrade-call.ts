import type { CallInit, ClientCall } from '@tp/transport';
import { Fields, RequestHead } from '@tp/wire';
import type { UpgradeOptions, UpgradeResponse } from '../types.ts';
import { Tunnel } from '../upgrade/tunnel.ts';
import {
  SWITCHING_PROTOCOLS,
  switchesTo,
  upgradeProtocol,
  withUpgrade,
} from '../upgrade/upgrade-fields.ts';
import { checkedResponse, unasked } from './checked-response.ts';

/** A call that asks for another protocol, and what is made of its response. */
export interface UpgradeCall {
  readonly init: CallInit;
  readonly open: (call: ClientCall) => UpgradeResponse;
}

/** @throws {TypeError} for fields that do not ask for one protocol, without a body (W-129). */
export function upgradeCall(options: UpgradeOptions): UpgradeCall {
  const { method = 'GET', path, signal, deadlineMs, window, onInformation } = options;
  const fields = withUpgrade(Fields.from(options.headers), options.protocol);
  const protocol = upgradeProtocol(fields);
  if (protocol === undefined || !switchesTo(fields, options.protocol ?? protocol)) {
    throw new TypeError(
      'an upgrade asks for one protocol: give `protocol`, or headers with one `Upgrade`, and no content-length or transfer-encoding',
    );
  }
  const tunnel = new Tunnel();
  return {
    init: {
      head: new RequestHead(method, path, fields),
      stream: { source: tunnel.source, awaitsSwitch: true },
      signal,
      deadlineMs,
      // What the handler has opened for it may not be opened twice.
      idempotent: false,
      window,
      onInformation,
    },
    open: (call) => opened(call, protocol, tunnel),
  };
}

function opened(call: ClientCall, protocol: string, tunnel: Tunnel): UpgradeResponse {
  const { status, reason, headers } = call;
  if (status !== SWITCHING_PROTOCOLS) return checkedResponse(call);
  if (!switchesTo(headers, protocol)) throw unasked();
  tunnel.open(call);
  return { status, reason, headers, socket: tunnel };
}
