// A menu that is a <details> closes by Escape, a click elsewhere, or another menu.
import { all } from "./dom.js";

const close = (kept) =>
  all("details.desk-menu[open]").forEach((menu) => {
    if (menu !== kept) menu.open = false;
  });

document.addEventListener("click", ({ target }) => {
  if (target instanceof Element) close(target.closest("details.desk-menu"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.desk-menu[open]");
  close();
  menu?.querySelector("summary").focus();
});
