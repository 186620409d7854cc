// The badge on every page while invented events are among what is shown.

const ASK_AGAIN_MS = 60000;

function show(synthetic) {
  const days = [synthetic.first_at, synthetic.last_at].map((at) => at.slice(0, 10)).join(" to ");
  const badge = document.createElement("p");
  badge.className = "synthetic";
  badge.id = "synthetic";
  badge.setAttribute("role", "note");
  badge.textContent = "Synthetic";
  badge.title = `Synthetic data: invented patients and exams are among what is shown: ${days}.`;
  document.querySelector(".bar .site")?.after(badge);
}

async function ask() {
  try {
    const answer = await fetch("/api/provenance");
    const { synthetic } = answer.ok ? await answer.json() : {};
    if (synthetic) return show(synthetic);
  } catch {
    // The page's own state says that the server is away.
  }
  setTimeout(ask, ASK_AGAIN_MS);
}

if (document.querySelector(".bar .site")) ask();
