/** @import { Stats } from '../stats.ts' */
/** @import { Sample } from './history.js' */
import { failedIn } from './history.js';
import { binaryBytes, bytes, count, milliseconds, percent, perSecond } from './units.js';

/** Single figures, each with a second one that puts it in proportion. */
export class Tiles {
  #place;
  /** @type {Map<string, { now: HTMLElement, more: HTMLElement }>} */
  #tiles = new Map();

  /** @param {Element} place */
  constructor(place) {
    this.#place = place;
  }

  /** @param {Stats} stats @param {Sample | undefined} sample */
  show(stats, sample) {
    const { requests, latencyMs, links } = stats;
    const failed = failedIn(stats);
    const pending = stats.upstreams.reduce((sum, upstream) => sum + upstream.pending, 0);
    const windows = links.reduce((sum, link) => sum + link.windowBytesOut + link.windowBytesIn, 0);
    this.#set('Requests', perSecond(sample?.requests), `${count(requests.total)} in all`);
    this.#set('Failed', perSecond(sample?.failed), `${count(failed)} in all`);
    this.#set('p50 latency', milliseconds(sample?.p50), `${milliseconds(latencyMs.p50)} overall`);
    this.#set('p99 latency', milliseconds(sample?.p99), `${milliseconds(latencyMs.p99)} overall`);
    this.#set('In flight', count(pending), 'being answered');
    this.#set('Links', count(links.length), `windows of ${binaryBytes(windows)}`);
    this.#set('CPU', percent(sample?.cpu), 'of one core');
    this.#set('Memory', bytes(stats.rssBytes), 'of this process');
  }

  /** @param {string} name @param {string} now @param {string} more */
  #set(name, now, more) {
    const tile = this.#tiles.get(name) ?? this.#add(name);
    tile.now.textContent = now;
    tile.more.textContent = more;
  }

  /** @param {string} name */
  #add(name) {
    const box = document.createElement('div');
    const title = document.createElement('h3');
    const tile = { now: document.createElement('p'), more: document.createElement('p') };
    box.className = 'tile';
    title.textContent = name;
    tile.now.className = 'now';
    tile.more.className = 'more';
    box.append(title, tile.now, tile.more);
    this.#place.append(box);
    this.#tiles.set(name, tile);
    return tile;
  }
}
