// One axis for all rows of a page: instants to places from 0 to 100, true to time or with long waits shortened.

const SHORTEN_OVER_S = 120;

/** `instants` in milliseconds; `shorten`: a wait takes room by its logarithm. */
export function timeScale(instants, shorten) {
  const points = [...new Set(instants)].sort((a, b) => a - b);
  const room = (gapMs) => {
    const seconds = gapMs / 1000;
    return shorten && seconds > SHORTEN_OVER_S ? SHORTEN_OVER_S * (1 + Math.log(seconds / SHORTEN_OVER_S)) : seconds;
  };
  const places = [0];
  for (let i = 1; i < points.length; i += 1) places.push(places[i - 1] + room(points[i] - points[i - 1]));
  const whole = places.at(-1) || 1;
  return {
    points,
    /** 1.5 to 98.5, so that marks at the ends are whole. What lies outside stands at the end. */
    place(instant) {
      const next = points.findIndex((point) => point >= instant);
      if (next === 0) return 1.5;
      if (next < 0) return 98.5;
      const [from, to] = [points[next - 1], points[next]];
      const share = (instant - from) / (to - from);
      return 1.5 + ((places[next - 1] + share * (places[next] - places[next - 1])) / whole) * 97;
    },
  };
}

/** Instants to label, at least `apart` of the axis between two. */
export function ticks(scale, apart) {
  const found = [];
  for (const point of scale.points) {
    if (!found.length || scale.place(point) - scale.place(found.at(-1)) >= apart) found.push(point);
  }
  return found;
}
