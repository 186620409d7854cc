// Asks the server for a change, as only its own pages can: with the session's token.

/** What the server refused, in its own words; `status` and `problem` (RFC 9457) say more. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** Sends `body` as JSON; gives what was answered, or null. Throws Refused; without a session it leads to sign-in. */
export async function send(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { "X-CSRF-Token": token(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, { detail: "The server gives no answer: nothing is known to be changed. Try again." });
  }
  const text = await answer.text();
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const found = text && isJson ? JSON.parse(text) : null;
  if (answer.status === 401) signIn();
  if (!answer.ok) throw new Refused(answer.status, found ?? {});
  return found;
}

/** To the sign-in page, and from there back here. */
export function signIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}
