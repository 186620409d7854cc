// The session on every page: signing out, and leaving the page when the session has ended.

import { send, signIn } from "./send.js";

const ASK_EVERY_MS = 30000;
const TELL_EVERY_MS = 60000;
let toldAt = -Infinity;

/** Leads to sign-in where the session has ended; an answer that does not come says nothing. */
export async function checkSession() {
  try {
    const answer = await fetch("/api/session");
    if (answer.status === 401) signIn();
  } catch {
    // The page's own state says that the server is away.
  }
}

/** Someone is at the page: the session goes on. */
function touched() {
  if (performance.now() - toldAt < TELL_EVERY_MS) return;
  toldAt = performance.now();
  send("POST", "/sign-in/activity").catch(() => {});
}

async function signOut() {
  await send("POST", "/sign-out").catch(() => {});
  location.assign("/sign-in");
}

if (document.querySelector('meta[name="csrf-token"]')) {
  for (const event of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
    addEventListener(event, touched, { passive: true });
  }
  document.getElementById("sign-out")?.addEventListener("click", signOut);
  setInterval(checkSession, ASK_EVERY_MS);
}
