// The department's clock: the server says what it reads and how fast it runs; we count on from there.

import { timeOfDay } from "./labels.js";

// At which offsets change, everywhere.
const QUARTER_MS = 900000;
const MOST_KNOWN = 10000;

let reading = { at: Date.now(), heard: performance.now(), speed: 1, offset: 0, zone: null };
let format = null;
const offsets = new Map();

export function setClock({ now, speed, utc_offset_s, zone = null }) {
  if (zone !== reading.zone) {
    offsets.clear();
    format = formatOf(zone);
  }
  reading = { at: Date.parse(now), heard: performance.now(), speed, offset: utc_offset_s, zone };
}

/** What tells the offsets of a zone; null of one that the browser does not know, or that has but one. */
function formatOf(zone) {
  try {
    return zone && new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  } catch {
    return null;
  }
}

/** Seconds that the department's clock is ahead of UTC at `instant`: where it is changed in spring, not the same all year. */
export function offsetAt(instant) {
  if (!format) return reading.offset;
  const quarter = Math.floor(instant / QUARTER_MS);
  if (!offsets.has(quarter)) {
    if (offsets.size > MOST_KNOWN) offsets.clear();
    offsets.set(quarter, offsetOf(format.formatToParts(instant).find((part) => part.type === "timeZoneName").value));
  }
  return offsets.get(quarter);
}

/** Of "GMT-03:30" the seconds. */
function offsetOf(name) {
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name);
  return sign ? (sign === "-" ? -60 : 60) * (60 * hours + Number(minutes)) : 0;
}

/** Milliseconds since the epoch by the department's clock. */
export const now = () => reading.at + (performance.now() - reading.heard) * reading.speed;

export const today = () => new Date(now() + offsetAt(now()) * 1000).toISOString().slice(0, 10);

export const ageOf = (instant) => (now() - instant) / 1000;

export const at = (instant, withSeconds) => timeOfDay(instant, offsetAt(instant), today(), withSeconds);

/** A time of the wall clock, in the department's zone. */
export const wallTime = (instant) =>
  new Date(instant + offsetAt(instant) * 1000).toISOString().slice(11, 19);

export const speed = () => reading.speed;
