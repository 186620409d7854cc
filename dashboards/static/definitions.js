// What a word means, on hover and on focus; Escape puts it away (WCAG 2.2, 1.4.13).

import { el } from "./dom.js";

let shown = null;
let count = 0;
const tip = el("div", { class: "definition", popover: "manual", "aria-hidden": "true" });
document.body.append(tip);

function show(word, meaning) {
  shown = word;
  tip.textContent = meaning;
  tip.showPopover();
  const at = word.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const below = at.bottom + own.height + 8 < innerHeight;
  tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - own.width - 8))}px`;
  tip.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - own.height - 4)}px`;
}

function hide() {
  if (shown) tip.hidePopover();
  shown = null;
}

document.addEventListener("keydown", (event) => { if (event.key === "Escape" && shown) { hide(); event.stopPropagation(); } }, true);
document.addEventListener("scroll", hide, { capture: true, passive: true });

/** `label` as a word that is explained. */
export function term(label, meaning) {
  count += 1;
  const id = `means-${count}`;
  const open = ({ currentTarget }) => show(currentTarget, meaning);
  return el("span", {
    class: "term", tabindex: 0, "aria-describedby": id,
    on: { mouseenter: open, focus: open, mouseleave: hide, blur: hide },
  }, label, el("span", { id, hidden: true }, meaning));
}

/** The same for a heading that stands in the page already. */
export function explain(node, meaning) {
  if (node.querySelector(".term")) return;
  node.replaceChildren(term(node.textContent, meaning));
}
