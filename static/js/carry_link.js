// Whoever changes the service takes along the link that is typed already.
import { one } from "./dom.js";

const LONGEST = 2000; // of a link as an address carries it
const way = one("[data-carry-link]");

function carry() {
  const link = one("#order-form [name=link]")?.value.trim() ?? "";
  const address = new URL(way.href);
  if (link && encodeURIComponent(link).length <= LONGEST) address.searchParams.set("link", link);
  else address.searchParams.delete("link");
  way.href = address;
}

if (way) {
  document.addEventListener("input", carry);
  window.addEventListener("pageshow", carry); // with what the browser has filled in again
}
