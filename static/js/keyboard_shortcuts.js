// Keys of every page: "/" searches, "n" begins an order, "g" and a letter goes somewhere, "?" tells.
import { one } from "./dom.js";

const PLACES = { o: "/orders/", h: "/", s: "/services/", p: "/providers/" };
const SOON = 1000; // ms between "g" and its letter

const isTyping = (element) =>
  element.isContentEditable || /^(input|textarea|select)$/i.test(element.tagName) &&
  !/^(checkbox|radio|button|submit)$/i.test(element.type);

// A key that is meant for the page: nobody types it into a field, and no dialog is open.
export const isForPage = (event) =>
  !(event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || one("dialog[open]"));

// Ctrl+Enter presses the button that is meant for it, from any field of its form.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const button = one("[data-ctrl-enter]");
  if (!button || event.target.form !== button.form) return;
  event.preventDefault();
  button.click();
});

let wentAt = -SOON;

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  const place = event.timeStamp - wentAt < SOON && PLACES[event.key];
  wentAt = event.key === "g" ? event.timeStamp : -SOON;
  if (place) one(`#navigation a[href='${place}']`)?.click();
  else if (event.key === "?") one("#key-sheet")?.showModal();
  else if (event.key === "n") one("a[data-new-order]")?.click();
  else if (event.key === "/") {
    const search = one("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
});
