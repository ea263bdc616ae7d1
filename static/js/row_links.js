// A click anywhere on a row opens what it is about; a middle click or Ctrl opens a tab.
import { one } from "./dom.js";

const OWN = "a, button, input, select, textarea, label, summary";

function opens({ target }) {
  if (!(target instanceof Element) || target.closest(OWN)) return null;
  if (!window.getSelection().isCollapsed) return null; // somebody marks text to copy it
  const row = target.closest("tr[data-opens]");
  return row && one("a.cell-main", row);
}

document.addEventListener("click", (event) => {
  const link = opens(event);
  if (!link) return;
  if (event.ctrlKey || event.metaKey) window.open(link.href, "_blank", "noopener");
  else link.click();
});
document.addEventListener("auxclick", (event) => {
  const link = event.button === 1 && opens(event);
  if (link) window.open(link.href, "_blank", "noopener");
});
