import type { TrafficResponse } from '@tp/savings';
import type { Slot } from './openrtb.ts';
import type { Random } from './random.ts';
import { hex, token, uuid } from './tokens.ts';

const ADVERTISERS = [
  'northwind-shop.example',
  'airline-blue.example',
  'mobilegame-forge.example',
  'bank-direct.example',
  'streambox.example',
  'autohaus.example',
  'freshbox.example',
  'telco-plus.example',
] as const;
const EMPTY = new Uint8Array(0);
/** How often a bidder bids; the rest of its answers are 204. */
const BID_PROBABILITY = 0.4;

/** The bidder's answer to a bid request: 204 more often than not, else one bid for its first slot with its markup. */
export function makeBidResponse(
  random: Random,
  id: string,
  slots: readonly Slot[],
  now: Date,
): TrafficResponse {
  const headers = ['Date', now.toUTCString(), 'Server', 'bidder/2.4', 'X-OpenRTB-Version', '2.5'];
  const slot = slots[0];
  if (slot === undefined || !random.chance(BID_PROBABILITY)) {
    return { status: 204, headers, body: EMPTY };
  }
  const body = Buffer.from(JSON.stringify(makeBid(random, id, slot)));
  headers.push('Content-Type', 'application/json', 'Content-Length', String(body.length));
  return { status: 200, headers, body };
}

function makeBid(random: Random, id: string, slot: Slot): object {
  const advertiser = random.pickSkewed(ADVERTISERS);
  const campaign = random.int(4000, 4060);
  const creative = `${campaign}-${random.int(1, 6)}`;
  const auction = token(random, 43);
  const tracker = `https://t.bidder.example/e?a=${auction}&c=${campaign}`;
  return {
    id,
    seatbid: [
      {
        bid: [
          {
            id: uuid(random),
            impid: slot.id,
            price: Number((slot.floor * (1 + random.unit())).toFixed(4)),
            nurl: `${tracker}&t=win&p=\${AUCTION_PRICE}`,
            burl: `${tracker}&t=bill&p=\${AUCTION_PRICE}`,
            adm: markup(slot, tracker, advertiser, creative, hex(random, 12)),
            adomain: [advertiser],
            cid: String(campaign),
            crid: creative,
            cat: [`IAB${(campaign % 20) + 1}`],
            ...(slot.dealId === undefined ? {} : { dealid: slot.dealId }),
            w: slot.width,
            h: slot.height,
          },
        ],
        seat: 'seat-114',
      },
    ],
    bidid: hex(random, 16),
    cur: 'USD',
  };
}

function markup(
  slot: Slot,
  tracker: string,
  advertiser: string,
  creative: string,
  click: string,
): string {
  const landing = `https://www.${advertiser}/offer?utm_source=rtb&utm_campaign=${creative}&clid=${click}`;
  const asset = `https://cdn.bidder.example/cr/${creative}/${slot.width}x${slot.height}`;
  switch (slot.kind) {
    case 'banner':
      return `<a href="${tracker}&t=click&r=${encodeURIComponent(landing)}" target="_blank"><img src="${asset}.jpg" width="${slot.width}" height="${slot.height}" border="0"></a><img src="${tracker}&t=imp" width="1" height="1" style="display:none">`;
    case 'video':
      return `<VAST version="3.0"><Ad id="${creative}"><InLine><AdSystem>bidder</AdSystem><AdTitle>${creative}</AdTitle><Impression><![CDATA[${tracker}&t=imp]]></Impression><Creatives><Creative><Linear><Duration>00:00:15</Duration><TrackingEvents><Tracking event="start"><![CDATA[${tracker}&t=start]]></Tracking><Tracking event="midpoint"><![CDATA[${tracker}&t=mid]]></Tracking><Tracking event="complete"><![CDATA[${tracker}&t=end]]></Tracking></TrackingEvents><VideoClicks><ClickThrough><![CDATA[${landing}]]></ClickThrough></VideoClicks><MediaFiles><MediaFile delivery="progressive" type="video/mp4" width="${slot.width}" height="${slot.height}"><![CDATA[${asset}.mp4]]></MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>`;
    case 'native':
      return JSON.stringify({
        native: {
          ver: '1.2',
          assets: [
            { id: 1, title: { text: `Discover ${advertiser}` } },
            { id: 2, img: { url: `${asset}.jpg`, w: 1200, h: 627 } },
            { id: 3, data: { value: 'Today only: free delivery on your first order.' } },
          ],
          link: { url: landing, clicktrackers: [`${tracker}&t=click`] },
          imptrackers: [`${tracker}&t=imp`],
        },
      });
  }
}
