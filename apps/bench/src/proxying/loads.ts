import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestHttp1 } from '@tp/savings';
import { TRAFFIC_SEED } from '../measure/case.ts';
import { makeTrafficFolder } from '../traffic/file.ts';
import { GET_EXCHANGE } from '../traffic/get.ts';
import { makeExchanges } from '../traffic/kinds.ts';

/** Requests that are sent to a stand, in a round. Every one is answered with `ANSWER`. */
export interface Load {
  readonly kind: 'get' | 'rtb';
  /** Each as it goes over an HTTP/1.1 connection. */
  readonly requests: readonly Buffer[];
  /** What wrk is told besides where to send: a script, where requests differ. */
  readonly wrkArguments: readonly string[];
}

/** What the service answers to everything. */
export const ANSWER: Buffer = Buffer.from(GET_EXCHANGE.response.body);
const DIFFERENT_BIDS = 2000;

/** The small GET, and bid requests of 2 KB of which no window holds a whole round. */
export function makeLoads(): Load[] {
  const get = requestHttp1({ ...GET_EXCHANGE.request, headers: ['Host', '127.0.0.1'] });
  return [{ kind: 'get', requests: [Buffer.from(get)], wrkArguments: [] }, bidLoad()];
}

function bidLoad(): Load {
  const requests = makeExchanges('rtb', TRAFFIC_SEED, DIFFERENT_BIDS).map(({ request }) =>
    Buffer.from(requestHttp1(request)),
  );
  const folder = makeTrafficFolder();
  const [bids, script] = [join(folder, 'bids'), join(folder, 'bids.lua')];
  writeFileSync(bids, Buffer.concat(requests.flatMap((request) => [lengthOf(request), request])));
  writeFileSync(script, wrkScript(bids));
  return { kind: 'rtb', requests, wrkArguments: ['-s', script] };
}

function lengthOf(request: Buffer): Buffer {
  return Buffer.from(`${request.length}\n`);
}

/** A script for wrk that sends the requests of a file in a round: each behind its length and a line's end. */
function wrkScript(file: string): string {
  return `
local requests = {}
local file = assert(io.open(${JSON.stringify(file)}, "rb"))
for length in function() return file:read("*l") end do
  requests[#requests + 1] = file:read(tonumber(length))
end
file:close()
local next = 0
function request()
  next = next % #requests + 1
  return requests[next]
end
`;
}
