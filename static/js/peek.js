// The order of the marked row beside the list: the space bar opens and closes it, "j" and "k" take it along.
import { all, one } from "./dom.js";
import { isForPage } from "./keyboard_shortcuts.js";
import { rowHere, stepInList } from "./list_keys.js";

const panel = one("#peek");
const PAUSE_MS = 120; // whoever runs down the list looks at the last one only
let shown = ""; // the id of its row
let waiting;

const isOpen = () => panel && !panel.hidden;

function show(row) {
  if (!row || shown === row.id) return;
  shown = row.id;
  panel.hidden = false;
  document.body.classList.add("is-peeking");
  const address = row.dataset.peek;
  window.htmx.ajax("GET", address, { source: "#peek", target: "#peek", swap: "innerHTML" });
}

// What could not be shown must not leave the order before it beside the row that is marked now.
const NOT_SHOWN = "This order could not be shown. Press the space bar twice to try it again, or open it.";

function showNothing() {
  if (!isOpen()) return;
  shown = "";
  const words = document.createElement("p");
  words.className = "peek-body text-secondary";
  words.textContent = NOT_SHOWN;
  panel.replaceChildren(words);
}

function close() {
  clearTimeout(waiting);
  shown = "";
  panel.hidden = true;
  panel.replaceChildren();
  document.body.classList.remove("is-peeking");
}

document.addEventListener("desk:row", ({ detail }) => {
  if (!isOpen()) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => show(detail), PAUSE_MS);
});

document.addEventListener("keydown", (event) => {
  if (!panel || event.key !== " " || !isForPage(event) || event.target !== document.body) return;
  event.preventDefault();
  if (isOpen()) return close();
  if (!rowHere()) stepInList(1);
  show(rowHere());
});
// Before the list takes Escape for its selection.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !isOpen() || !isForPage(event)) return;
  event.stopImmediatePropagation();
  close();
}, true);
document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const button = target.closest("[data-peek-open]");
  if (target.closest("[data-peek-close]")) close();
  else if (button) show(button.closest("tr"));
});
panel?.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { elt, pathInfo, successful, xhr } = detail;
  const isWanted = document.getElementById(shown)?.dataset.peek === pathInfo.requestPath;
  const isDrawn = successful && !xhr.getResponseHeader("HX-Redirect");
  if (elt === panel && isWanted && !isDrawn) showNothing();
});
// Where the answer is late and the panel was closed meanwhile, nothing is drawn.
panel?.addEventListener("htmx:beforeSwap", (event) => {
  if (!isOpen()) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:afterSwap", () => {
  all("tr.is-peeked").forEach((row) => row.classList.remove("is-peeked"));
  if (shown) document.getElementById(shown)?.classList.add("is-peeked");
});
