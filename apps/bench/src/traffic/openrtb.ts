import type { TrafficRequest, TrafficResponse } from '@tp/savings';
import { makeDevice } from './devices.ts';
import type { Exchange } from './exchange.ts';
import { momentOf } from './moment.ts';
import { makeBidResponse } from './openrtb-response.ts';
import { makePublishers, type Publisher } from './publishers.ts';
import { Random } from './random.ts';
import { hex, token, uuid } from './tokens.ts';

/** What a bid response must know of the slot that it answers. */
export interface Slot {
  readonly id: string;
  readonly kind: 'banner' | 'video' | 'native';
  readonly width: number;
  readonly height: number;
  readonly floor: number;
  readonly dealId: string | undefined;
}

const SIZES: readonly [readonly [number, number], ...(readonly [number, number])[]] = [
  [320, 50],
  [300, 250],
  [728, 90],
  [320, 480],
  [300, 600],
];
const SEATS = ['seat-114', 'seat-2', 'seat-907', 'seat-31', 'seat-455'] as const;
const NATIVE_REQUEST = JSON.stringify({
  ver: '1.2',
  context: 1,
  plcmttype: 1,
  assets: [
    { id: 1, required: 1, title: { len: 90 } },
    { id: 2, required: 1, img: { type: 3, wmin: 600, hmin: 314 } },
    { id: 3, required: 0, data: { type: 2, len: 140 } },
  ],
});

/**
 * Makes the exchanges of one supply-side platform that calls one bidder: OpenRTB 2.5 bid requests
 * of about 2 KB with their answers. The result is called with an index: equal seed and index, equal
 * bytes.
 */
export function rtbTraffic(seed: number): (index: number) => Exchange {
  const publishers = makePublishers(seed, 300);
  return (index) => {
    const random = new Random(seed, index);
    const id = uuid(random);
    const slots = Array.from({ length: random.chance(0.1) ? 2 : 1 }, (_, i) => makeSlot(random, i));
    const request = makeRequest(random, id, random.pickSkewed(publishers), slots);
    const response: TrafficResponse = makeBidResponse(random, id, slots, momentOf(index));
    return { id, request, response };
  };
}

function makeRequest(
  random: Random,
  id: string,
  publisher: Publisher,
  slots: readonly Slot[],
): TrafficRequest {
  const bid = {
    id,
    imp: slots.map((slot) => makeImp(random, slot, publisher)),
    [publisher.kind]: makeMedia(random, publisher),
    device: makeDevice(random),
    user: makeUser(random),
    at: 1,
    tmax: random.pickSkewed([200, 150, 300, 120]),
    cur: ['USD'],
    bcat: publisher.blockedCategories,
    badv: publisher.blockedDomains,
    source: { fd: 1, tid: uuid(random), ext: { schain: makeChain(random) } },
    regs: { coppa: 0, ext: { gdpr: random.chance(0.8) ? 1 : 0 } },
  };
  const body = Buffer.from(JSON.stringify(bid));
  return {
    method: 'POST',
    path: '/openrtb2/bid',
    headers: [
      'Host',
      'eu-west.bidder.example',
      'Content-Type',
      'application/json',
      'User-Agent',
      'ssp-gateway/4.18.2',
      'X-OpenRTB-Version',
      '2.5',
      'X-Request-Id',
      id,
      'Content-Length',
      String(body.length),
    ],
    body,
  };
}

function makeSlot(random: Random, index: number): Slot {
  const kind = random.pickSkewed(['banner', 'video', 'native'] as const);
  const [width, height] = random.pickSkewed(SIZES);
  return {
    id: String(index + 1),
    kind,
    width,
    height,
    floor: Number((0.05 + random.unit() ** 2 * 4).toFixed(4)),
    dealId: random.chance(0.25)
      ? `DL-${random.int(10_000, 10_400)}-${random.pick(SEATS)}`
      : undefined,
  };
}

function makeImp(random: Random, slot: Slot, publisher: Publisher): object {
  return {
    id: slot.id,
    ...makeFormat(random, slot),
    instl: slot.height === 480 ? 1 : 0,
    tagid: random.pickSkewed(publisher.placements),
    bidfloor: slot.floor,
    secure: 1,
    ...(slot.dealId === undefined
      ? {}
      : {
          pmp: {
            private_auction: 0,
            deals: [{ id: slot.dealId, bidfloor: slot.floor, at: 1, wseat: [random.pick(SEATS)] }],
          },
        }),
  };
}

function makeFormat(random: Random, slot: Slot): object {
  const { width: w, height: h } = slot;
  switch (slot.kind) {
    case 'banner':
      return { banner: { w, h, pos: random.int(0, 4), battr: [1, 3, 8, 9, 14], api: [3, 5] } };
    case 'video':
      return {
        video: {
          mimes: ['video/mp4', 'video/webm', 'application/javascript'],
          minduration: 5,
          maxduration: random.pick([15, 30, 60]),
          protocols: [2, 3, 5, 6],
          w,
          h,
          startdelay: 0,
          skip: random.int(0, 1),
          playbackmethod: [1, 2],
          placement: 5,
        },
      };
    case 'native':
      return { native: { request: NATIVE_REQUEST, ver: '1.2', api: [3, 5], battr: [1, 3] } };
  }
}

function makeMedia(random: Random, publisher: Publisher): object {
  const account = { id: publisher.accountId, name: publisher.accountName };
  const common = {
    id: publisher.id,
    name: publisher.name,
    cat: publisher.categories,
    publisher: account,
  };
  if (publisher.kind === 'app') {
    return {
      ...common,
      bundle: publisher.address,
      storeurl: publisher.storeUrl,
      ver: `${random.int(1, 3)}.${random.int(0, 12)}.${random.int(0, 4)}`,
    };
  }
  const page = `https://${publisher.address}/${random.pick(['article', 'live', 'topic', 'video'])}/${random.int(100_000, 9_999_999)}`;
  return { ...common, domain: publisher.address, page, ref: 'https://www.google.com/', mobile: 1 };
}

function makeUser(random: Random): object {
  const segments = Array.from({ length: random.int(1, 5) }, () => ({
    id: String(random.int(41_000, 49_000)),
  }));
  return {
    id: hex(random, 32),
    ...(random.chance(0.85) ? { buyeruid: token(random, 27) } : {}),
    ...(random.chance(0.3) ? { yob: random.int(1950, 2006), gender: random.pick(['M', 'F']) } : {}),
    data: [{ id: '104', segment: segments }],
    ext: {
      sessionduration: random.int(1, 1800),
      ...(random.chance(0.75)
        ? { eids: [{ source: 'id.example', uids: [{ id: token(random, 40) }] }] }
        : {}),
    },
  };
}

function makeChain(random: Random): object {
  return {
    complete: 1,
    ver: '1.0',
    nodes: [{ asi: 'supply-gateway.example', sid: '8814', rid: hex(random, 16), hp: 1 }],
  };
}
