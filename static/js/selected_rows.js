// The box that ticks every row of a page, and the number of those that are ticked.
import { all } from "./dom.js";

function count() {
  all("[data-ticked]").forEach((badge) => {
    const selected = all(badge.dataset.ticked).filter((box) => box.checked).length;
    badge.textContent = selected;
    badge.hidden = !selected;
  });
}

function selectAll({ target }) {
  if (!target.matches("[data-check-all]")) return;
  all(target.dataset.checkAll).forEach((box) => {
    if (!box.disabled) box.checked = target.checked;
  });
}

document.addEventListener("change", (event) => {
  selectAll(event);
  count();
});
document.addEventListener("htmx:afterSettle", count);
window.addEventListener("pageshow", count);
