// A desk that does not answer has a banner until it answers again; a part that gets nothing to draw is stale.
import { one } from "./dom.js";
import { toast } from "./toasts.js";

const REFUSED =
  "What this page shows is no longer brought up to date: you may not see it any more, or it is gone. Reload the page.";
let isLost = false;
let isSaid = false; // that some of them are refused
const stale = new Set(); // the ids of parts that ask again and get nothing to draw

const markStale = () =>
  document.documentElement.classList.toggle("is-stale", isLost || stale.size > 0);

export function setConnectionLost(lost) {
  if (isLost === lost) return;
  isLost = lost;
  const banner = one("#connection-lost");
  if (banner) banner.hidden = !lost;
  markStale();
  if (!lost) toast("The desk answers again.", "success");
}

export function setStale(part, isStale) {
  if (isStale) stale.add(part);
  else stale.delete(part);
  isSaid &&= stale.size > 0;
  markStale();
}

export function sayRefused(part) {
  if (!isSaid) toast(REFUSED, "error");
  isSaid = true;
  setStale(part, true);
}

window.addEventListener("offline", () => setConnectionLost(true));
