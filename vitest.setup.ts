import fc from 'fast-check';

/**
 * Generated tests try the same cases each time, so that a failure is that of the change at hand.
 * `FAST_CHECK_SEED=random` looks for new ones; a number repeats what such a run found.
 */
const seed = process.env['FAST_CHECK_SEED'] ?? '1';
if (seed !== 'random') fc.configureGlobal({ seed: Number(seed) });
