// Keys of a list: "j" and "k" walk its rows, "o" opens one, "x" selects it, "a" goes to what can be done with the
// selected and Escape back to the row. On the page of one they go to the one below and above it.
import { all, one } from "./dom.js";
import { isForPage, keyOf } from "./keyboard_shortcuts.js";

const ROW = "tr[data-opens]";
let here = ""; // the id of the row, which outlives a refresh of the list

export const rowHere = () => (here ? document.getElementById(here) : null);

function mark() {
  all(`${ROW}.is-here`).forEach((one) => one.classList.toggle("is-here", one.id === here));
  rowHere()?.classList.add("is-here");
}

export function stepInList(by) {
  const rows = all(ROW);
  const at = rows.indexOf(rowHere());
  const next = at < 0 ? rows[0] : rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (!next) return;
  here = next.id;
  mark();
  next.scrollIntoView({ block: "nearest" });
  document.dispatchEvent(new CustomEvent("desk:row", { detail: next }));
}

function go(link) {
  one(link)?.click();
  return one(link);
}

const open = () => rowHere() && one("a.cell-main", rowHere()).click();

const BOX = "[data-order-box]";
const inBar = () => document.activeElement?.closest(".selection-bar");
let cameFrom = ""; // the box of this order

function toBar(event) {
  const verb = one(".selection-bar button[name=kind]");
  if (!verb || inBar() || !one(`${BOX}:checked`)) return;
  const box = document.activeElement.closest(BOX) ?? one(`.is-here ${BOX}`) ?? one(`${BOX}:checked`);
  cameFrom = box.value;
  event.preventDefault();
  verb.focus();
}

function backToRow() {
  if (one(".selection-bar details[open]")) return; // its menu closes first
  const box = all(BOX).find(({ value }) => value === cameFrom) ?? one(`${BOX}:checked`);
  box?.focus();
}

const STEPS = {
  a: toBar,
  j: () => go("a[data-below][href]") || stepInList(1),
  k: () => go("a[data-above][href]") || stepInList(-1),
  o: open,
  Enter: () => document.activeElement === document.body && open(),
  x: () => rowHere() && one("[data-order-box]", rowHere())?.click(),
  Escape: () => (inBar() ? backToRow() : one("[data-clear-selection]")?.click()),
};

document.addEventListener("keydown", (event) => {
  if (isForPage(event)) STEPS[keyOf(event)]?.(event);
});
document.addEventListener("htmx:afterSwap", mark);
