// Elements without markup in strings: what comes from outside only ever becomes text.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An HTML element. */
export function el(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** A sentence in which commands stand between backticks, as the API has it, with each as code. */
export const coded = (sentence) => sentence.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part));

/** Sets text only where it is other than before: setting it anew costs a layout. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows `doubts` of an exam as badges in `node`, each with its meaning; `label` and `meaning` name them. */
export function setDoubts(node, doubts, label, meaning) {
  const told = (doubts ?? []).join(" ");
  if (node.dataset.doubts === told) return;
  node.dataset.doubts = told;
  node.hidden = told === "";
  node.replaceChildren(...(doubts ?? []).map((doubt) =>
    el("span", { class: "doubt", "data-doubt": doubt, title: meaning(doubt) }, label(doubt))));
}

export const byId = (id) => document.getElementById(id);
