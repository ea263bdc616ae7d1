// A menu that is a <details> closes by Escape, a click elsewhere, or another menu.
import { all, one } from "./dom.js";

const close = (kept) =>
  all("details.desk-menu[open]").forEach((menu) => {
    if (menu !== kept) menu.open = false;
  });

document.addEventListener("click", ({ target }) => {
  if (target instanceof Element) close(target.closest("details.desk-menu"));
});
// What is opened to be written into takes the keys, whose letters would be keys of the page.
document.addEventListener("click", ({ target }) => {
  const opened = target instanceof Element && target.closest("details[data-first-field] > summary")?.parentElement;
  if (opened) setTimeout(() => opened.open && one("input:not([type=hidden]), textarea", opened)?.focus());
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.desk-menu[open]");
  close();
  menu?.querySelector("summary").focus();
});
