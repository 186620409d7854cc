// The board on a wall: nothing to click, large type, the whole screen. `?wall` asks for it, a button begins and Escape ends it.

import { byId } from "./dom.js";

const page = document.documentElement;
const isWall = () => page.classList.contains("is-wall");

/** What the address says of it. */
export const inAddress = () => (isWall() ? { wall: "1" } : {});

export class WallMode {
  constructor() {
    byId("wall").addEventListener("click", () => this.begin());
    document.addEventListener("fullscreenchange", () => {
      if (!document.fullscreenElement && this.isOurs) this.set(false);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && isWall()) this.set(false);
    });
    document.addEventListener("visibilitychange", () => this.stayAwake());
    if (new URLSearchParams(location.search).has("wall")) this.set(true);
  }

  async begin() {
    this.set(true);
    try {
      await page.requestFullscreen();
      this.isOurs = true;
    } catch {
      // The browser does not let it: the page is a wall all the same.
    }
  }

  set(on) {
    page.classList.toggle("is-wall", on);
    this.isOurs = false;
    const address = new URLSearchParams(location.search);
    if (on) address.set("wall", "1");
    else address.delete("wall");
    history.replaceState(null, "", String(address) ? `?${address}` : location.pathname);
    this.stayAwake();
  }

  /** A screen on a wall has nobody who keeps it awake. */
  async stayAwake() {
    if (!isWall() || document.hidden || !navigator.wakeLock) {
      this.lock?.release();
      this.lock = null;
      return;
    }
    try {
      this.lock ??= await navigator.wakeLock.request("screen");
      this.lock.addEventListener("release", () => { this.lock = null; });
    } catch {
      // The browser, or the machine's battery, does not let it.
    }
  }
}
