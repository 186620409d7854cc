// The stream from the server, and what the header says of it.

import * as clock from "./clock.js";
import { byId, setText } from "./dom.js";
import { duration } from "./labels.js";
import { clockReading, isPast } from "./past.js";
import { showPrivacy } from "./privacy.js";
import { checkSession } from "./session.js";

const SILENT_MS = 16000; // The server speaks every five seconds: three times that is no delay any more.
const RETRY_MS = 2000;

/** Follows `/api/stream`; `on` has `snapshot`, `delta`, `status` and `alerts`. Keeps trying for ever. */
export class Link {
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.state = "connecting";
    this.feed = null;
    this.withheld = "";
    this.heard = performance.now();
    this.lastId = "";
    if (isPast) return this.rest();
    this.open();
    setInterval(() => this.watch(), 1000);
  }

  /** The past does not change: nothing is followed, and the clock stands. */
  rest() {
    clock.setClock(clockReading());
    setText(byId("clock"), clock.wallTime(clock.now()));
    this.setState("past");
    queueMicrotask(() => this.on.status?.({}));
  }

  open() {
    this.source?.close();
    this.source = new EventSource(this.url);
    for (const kind of ["snapshot", "delta", "status", "alerts"]) {
      this.source.addEventListener(kind, (message) => this.take(kind, JSON.parse(message.data)));
    }
    this.source.addEventListener("error", () => {
      this.setState("away");
      // The browser comes back by itself after a break, but gives up when it was answered with an error.
      if (this.source.readyState !== EventSource.CLOSED) return;
      checkSession();
      setTimeout(() => this.open(), RETRY_MS);
    });
    this.heard = performance.now();
  }

  take(kind, data) {
    this.heard = performance.now();
    if (kind === "status") {
      clock.setClock(data.clock);
      this.feed = { ...data.feed, told: performance.now() };
      this.withheld = showPrivacy(data.phi);
      this.setState(data.feed.state);
    }
    this.on[kind]?.(data);
  }

  watch() {
    const now = new Date(clock.now());
    if (performance.now() - this.heard > SILENT_MS) {
      this.setState("away");
      this.open();
    }
    this.show();
    setText(byId("clock"), clock.at(now.getTime(), true).slice(-8));
  }

  setState(state) {
    this.state = state;
    this.show();
  }

  /** Seconds since the feed last heard from Kafka. */
  feedAge() {
    return this.feed?.age_s == null ? null : this.feed.age_s + (performance.now() - this.feed.told) / 1000;
  }

  show() {
    const age = this.feedAge();
    const ago = age === null ? "" : ` · ${duration(age)}`;
    const text = {
      connecting: "Connecting to Kafka",
      loading: "Loading worklist",
      live: "Live",
      stale: `Stale${ago}`,
      away: "Reconnecting",
      past: "As it was",
    }[this.state];
    const link = byId("link");
    if (link.dataset.state !== this.state) link.dataset.state = this.state;
    setText(link.querySelector(".text"), text);
    if (this.state === "past") return; // what there is to say of it, the page says
    const notice = byId("notice");
    const note = this.notice(ago);
    notice.hidden = !note;
    setText(notice, note);
    document.body.classList.toggle("is-old", Boolean(note) && note !== this.withheld);
  }

  notice(ago) {
    if (this.state === "stale")
      return `Kafka gives no answer: the board stands as it was${ago.replace(" · ", " ")} ago. It goes on by itself.`;
    if (this.state === "away" && performance.now() - this.heard > 3000)
      return "The dashboard server gives no answer: the board stands as it last was. Trying again.";
    if (this.withheld) return this.withheld;
    if (this.state === "connecting" && this.feed?.reason) return `Waiting for the worklist: ${this.feed.reason}`;
    return "";
  }
}
