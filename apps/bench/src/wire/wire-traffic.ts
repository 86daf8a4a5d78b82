import {
  requestHttp1,
  responseHttp1,
  type TrafficRequest,
  type TrafficResponse,
} from '@tp/savings';
import { Fields, RequestHead, ResponseHead } from '@tp/wire';
import type { Stories } from '../headers/stories.ts';
import { TRAFFIC_SEED } from '../measure/case.ts';
import { GET_EXCHANGE } from '../traffic/get.ts';
import { makeExchanges } from '../traffic/kinds.ts';
import type { Message } from './message.ts';

/** Messages of one kind, as the links have them that carry them. */
export interface WireTraffic {
  readonly name: string;
  /** What each link carries, from its first message on. */
  readonly links: readonly (readonly Message[])[];
  /** What all of it takes as HTTP/1.1. */
  readonly httpBytes: number;
}

/** Many enough that what a link learns at its start hardly counts. */
const MESSAGES = 8192;
/** Fewer where they are large. */
const EXCHANGES = 4096;

/** Makes the traffic of the suite; the stories only where they are. */
export function makeWireTraffic(stories: Stories): WireTraffic[] {
  const { request } = GET_EXCHANGE;
  const rtb = makeExchanges('rtb', TRAFFIC_SEED, EXCHANGES);
  const rest = makeExchanges('rest', TRAFFIC_SEED, EXCHANGES);
  const made = [
    traffic('get/repeated', [repeated(request)]),
    traffic('get/paths', [
      Array.from({ length: MESSAGES }, (_, i) =>
        requestOf({ ...request, path: `${request.path}/${1_000_000 + 7919 * i}` }),
      ),
    ]),
    traffic('rtb/requests', [rtb.map((exchange) => requestOf(exchange.request))]),
    traffic('rest/requests', [rest.map((exchange) => requestOf(exchange.request))]),
    traffic('rest/responses', [rest.map((exchange) => responseOf(exchange.response))]),
  ];
  if ('why' in stories) return made;
  for (const kind of ['request', 'response'] as const) {
    const links = stories.stories
      .filter((story) => story.kind === kind)
      .map((story) => story.heads.map((head) => ({ head, body: undefined })));
    made.push(traffic(`stories/${kind}s`, links));
  }
  return made;
}

function traffic(name: string, links: readonly (readonly Message[])[]): WireTraffic {
  const httpBytes = links.flat().reduce((sum, message) => sum + httpBytesOf(message), 0);
  return { name, links, httpBytes };
}

/** One message again and again, with the same `Fields`, as a caller has it who keeps them. */
function repeated(request: TrafficRequest): Message[] {
  return new Array<Message>(MESSAGES).fill(requestOf(request));
}

function requestOf({ method, path, headers, body }: TrafficRequest): Message {
  return { head: new RequestHead(method, path, new Fields(headers)), body: body ?? undefined };
}

function responseOf({ status, headers, body }: TrafficResponse): Message {
  const head = new ResponseHead(status, new Fields(headers));
  return { head, body: body.length > 0 ? body : undefined };
}

function httpBytesOf({ head, body }: Message): number {
  const headers = head.fields.raw;
  if (head instanceof RequestHead) {
    return requestHttp1({ method: head.method, path: head.path, headers, body: body ?? null })
      .length;
  }
  return responseHttp1({ status: head.status, headers, body: body ?? new Uint8Array(0) }).length;
}
