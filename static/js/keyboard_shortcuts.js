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

// The key in small Latin letters, whatever layout writes; "" where a browser that fills a field in names none.
export function keyOf({ key = "", code = "", shiftKey }) {
  if (key.length !== 1) return key;
  if (/[^ -~]/.test(key)) return code.replace(/^(Key|Digit)/, "").toLowerCase();
  return shiftKey ? key : key.toLowerCase();
}

// Ctrl+Enter presses the button that is meant for it, from any field of its form.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const button = one("[data-ctrl-enter]");
  if (!button || event.target.form !== button.form) return;
  event.preventDefault();
  button.click();
});

// Enter on a tick sends nothing: the first button of its form may be one that buys other things.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.key !== "Enter") return;
  if (event.target.matches("input[type=checkbox]")) event.preventDefault();
});

let wentAt = -SOON;

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  const key = keyOf(event);
  const place = event.timeStamp - wentAt < SOON && PLACES[key];
  wentAt = key === "g" ? event.timeStamp : -SOON;
  if (place) one(`#navigation a[href='${place}']`)?.click();
  else if (key === "?") one("#key-sheet")?.showModal();
  else if (key === "n") one("a[data-new-order]")?.click();
  else if (key === "/") {
    const search = one("main input[type=search]") || one("[data-search]"); // a list's own comes first
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  }
});
