// The department's clock: the server says what it reads and how fast it runs; we count on from there.

import { timeOfDay } from "./labels.js";

let reading = { at: Date.now(), heard: performance.now(), speed: 1, offset: 0 };

export function setClock({ now, speed, utc_offset_s }) {
  reading = { at: Date.parse(now), heard: performance.now(), speed, offset: utc_offset_s };
}

/** Milliseconds since the epoch by the department's clock. */
export const now = () => reading.at + (performance.now() - reading.heard) * reading.speed;

export const today = () => new Date(now() + reading.offset * 1000).toISOString().slice(0, 10);

export const ageOf = (instant) => (now() - instant) / 1000;

export const at = (instant, withSeconds) => timeOfDay(instant, reading.offset, today(), withSeconds);

/** A time of the wall clock, in the department's zone. */
export const wallTime = (instant) =>
  new Date(instant + reading.offset * 1000).toISOString().slice(11, 19);

export const speed = () => reading.speed;
