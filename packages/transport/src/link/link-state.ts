/** A link's life: hellos are exchanged; calls flow; no new ones start; over. */
export type LinkState = 'opening' | 'open' | 'draining' | 'closed';
