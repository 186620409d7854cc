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
  const answer = await asked(method, path, body);
  const text = await answer.text();
  return text && isJson(answer) ? JSON.parse(text) : null;
}

/** The same of what is answered with a file: it is saved as `name`. */
export async function save(path, body, name) {
  const address = URL.createObjectURL(await (await asked("POST", path, body)).blob());
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

const isJson = (answer) => (answer.headers.get("Content-Type") ?? "").includes("json");

async function asked(method, path, body) {
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
  if (answer.status === 401) signIn();
  if (!answer.ok) throw new Refused(answer.status, isJson(answer) ? await answer.json() : {});
  return answer;
}

/** To the sign-in page, and from there back here. */
export function signIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}
