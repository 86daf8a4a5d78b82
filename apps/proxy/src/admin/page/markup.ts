/**
 * What stands on the dashboard before any figure is there. All that comes from the proxy (names of
 * listeners, upstreams, peers) is put in by the script, as text.
 */
export const MARKUP = `
<header>
  <h1>tp-proxy</h1>
  <p id="status" role="status" data-level="idle">Reading the first figures…</p>
  <nav><a id="measure" href="measure" hidden>What links would save</a> <a href="stats.json">stats.json</a> <a href="metrics">metrics</a> <a href="readyz">readyz</a></nav>
</header>
<main id="main">
<section id="empty" class="card" hidden>
  <h2>Waiting for the first request</h2>
  <p>The proxy runs and nothing has come through it yet. Requests are taken at:</p>
  <ul id="listeners" class="places"></ul>
  <p id="try-text">Send one, and this page comes to life within a second:</p>
  <pre id="try"></pre>
</section>

<div id="live" hidden>
<section class="card hero" aria-labelledby="hero-title">
  <div class="figure">
    <h2 id="hero-title">Smaller on the wire</h2>
    <p class="ratio"><data id="ratio"></data></p>
    <p id="saved" class="saved"></p>
  </div>
  <div class="bars">
    <p><span>As HTTP, at both ends of this process</span> <data id="http-bytes"></data></p>
    <svg class="bar" aria-hidden="true"><rect class="rail"></rect><rect id="http-bar" class="fill-http"></rect></svg>
    <p><span>On the wire, over its links</span> <data id="wire-bytes"></data></p>
    <svg class="bar" aria-hidden="true"><rect class="rail"></rect><rect id="wire-bar" class="fill-wire"></rect></svg>
    <p class="note">Since the proxy started, sent and received together, heads and bodies.<span id="direct"></span></p>
  </div>
  <div class="verdicts">
    <h2>How it is doing</h2>
    <ul id="verdicts"></ul>
  </div>
</section>

<section id="tiles" class="tiles" aria-label="Now"></section>

<section class="charts" aria-label="Charts">
  <article class="card" id="chart-bytes"><h2>Bytes a second</h2>
    <p class="note"><b>Good:</b> the wire stays far below HTTP. <b>Bad:</b> they meet, because bodies come
    compressed already, or so few requests pass that there is nothing to learn from.</p></article>
  <article class="card" id="chart-ratio"><h2>HTTP bytes for each byte on the wire</h2>
    <p class="note"><b>Good:</b> 3× and more; it rises while the links learn the traffic. <b>Bad:</b> 1×
    (dashed) or less, where links cost as much as they save.</p></article>
  <article class="card" id="chart-requests"><h2>Requests a second</h2>
    <p class="note"><b>Good:</b> failed stays at zero. <b>Bad:</b> it rises: look at the upstreams and the
    limits below. Failed: answered with 500 or more, or ended by an error here.</p></article>
  <article class="card" id="chart-latency"><h2>Time to the head of the response</h2>
    <p class="note"><b>Good:</b> flat, the lines near each other. <b>Bad:</b> p99 (the slowest 1 of 100)
    climbs away from p50 (the middle one): something queues, here or at the origin.</p></article>
  <article class="card" id="chart-queue"><h2>Waiting to be sent over links</h2>
    <p class="note"><b>Good:</b> near zero, with short peaks. <b>Bad:</b> it grows and stays: the network
    or the far side takes less than comes in.</p></article>
  <article class="card" id="chart-cpu"><h2>CPU of this process</h2>
    <p class="note"><b>Good:</b> well below 100 % (one core). <b>Bad:</b> at 100 % for long: latency rises
    next. Start more processes with <code>--reuse-port</code>.</p></article>
</section>

<section class="card" aria-labelledby="ledger-title">
  <div class="head"><h2 id="ledger-title">Ledger by route</h2>
    <label>Price of traffic: $ <input id="price" type="number" min="0" step="0.01" inputmode="decimal"> per GB</label></div>
  <p class="note"><b>Good:</b> most of what was HTTP is saved, for little CPU. <b>Bad:</b> a route that saves
  next to nothing: let it bypass the links. Since the start; 1 GB is 10⁹ bytes. Sockets and links that
  several routes share: their bytes are shared out by heads and bodies, the CPU by requests.</p>
  <table id="ledger"></table>
</section>
</div>

<section class="card" aria-labelledby="upstreams-title">
  <h2 id="upstreams-title">Upstreams</h2>
  <p class="note"><b>Good:</b> all are well. <b>Bad:</b> ejected, shunned or down: requests go elsewhere until
  they recover. A peer is one address that links go to.</p>
  <table id="upstreams"></table>
</section>

<section class="card" aria-labelledby="links-title">
  <h2 id="links-title">Links</h2>
  <p class="note"><b>Good:</b> open, queue near zero, window in use. <b>Bad:</b> the queue grows while the credit
  is 0: the other side does not read. Window: what compression remembers. Packed: how much smaller.
  Credit: bytes of streamed bodies that may be sent. Of two figures the first is of what is sent (↑),
  the second of what is received (↓); one stands for both.</p>
  <table id="links"></table>
</section>

<section class="card" aria-labelledby="limits-title">
  <h2 id="limits-title">Limits reached</h2>
  <p class="note"><b>Good:</b> none, or rarely. <b>Bad:</b> one that rises while you watch: someone overdoes
  it, or the limit is too low for your traffic.</p>
  <table id="limits"></table>
</section>
</main>
<noscript><p class="card">The charts need JavaScript; the same figures are in <a href="metrics">metrics</a>.</p></noscript>
`;
