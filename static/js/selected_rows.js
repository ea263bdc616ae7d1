// Rows that are selected: all of a page, a range with Shift, their number; a refresh keeps them.
import { all, one } from "./dom.js";
import { toast } from "./toasts.js";

const BOX = "[data-order-box]";
let last = null; // the box that was clicked before: where a range begins
let kept = [];

function count() {
  // What is meant for all results ends with the selection: the next one begins with its own rows.
  const every = one("#bulk-all");
  if (every && !one(`${BOX}:checked`)) every.checked = false;
  all("[data-ticked]").forEach((badge) => {
    const selected = all(badge.dataset.ticked).filter((box) => box.checked).length;
    badge.textContent = every?.checked ? badge.dataset.results : selected;
    badge.hidden = !selected;
  });
}

function selectAll({ target }) {
  if (!target.matches("[data-check-all]")) return;
  all(target.dataset.checkAll).forEach((box) => {
    if (!box.disabled) box.checked = target.checked;
  });
}

function selectRange(event) {
  const box = event.target;
  if (!(box instanceof Element) || !box.matches(BOX)) return;
  const boxes = all(BOX);
  const [from, to] = [boxes.findIndex(({ value }) => value === last), boxes.indexOf(box)];
  if (event.shiftKey && from >= 0) {
    boxes.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => {
      one.checked = box.checked;
    });
  }
  last = box.value;
}

function clear({ target }) {
  if (!(target instanceof Element) || !target.closest("[data-clear-selection]")) return;
  all(`${BOX}:checked, [data-check-all]`).forEach((box) => { box.checked = false; });
  count();
}

document.addEventListener("click", selectRange);
document.addEventListener("click", clear);
document.addEventListener("change", (event) => {
  selectAll(event);
  count();
});
document.addEventListener("htmx:beforeSwap", () => {
  kept = all(`${BOX}:checked`).map((box) => box.value);
});
document.addEventListener("htmx:afterSwap", () => {
  const here = all(BOX).filter((box) => (box.checked = kept.includes(box.value)));
  const gone = kept.length - here.length;
  if (gone) toast(`${gone === 1 ? "A selected order is" : `${gone} selected orders are`} no longer on this page.`);
  kept = here.map((box) => box.value);
  count();
});
window.addEventListener("pageshow", count);
