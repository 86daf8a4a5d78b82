import { type Clock, systemClock } from '@tp/transport';

/**
 * The clock of links: a batch is sent at the end of the turn of the event loop, not right after
 * the callback that began it. A proxy's requests and responses come in over many sockets, each
 * with a callback of its own; sent after each, nearly every batch would hold one record. Measured
 * with 64 connections: two thirds of the CPU, and a twentieth of the bytes on the wire.
 */
export const linkClock: Clock = {
  ...systemClock,
  defer: (call) => void setImmediate(call),
};
