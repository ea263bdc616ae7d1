// A desk that does not answer has a banner until it answers again; a part that is refused is stale.
import { one } from "./dom.js";
import { toast } from "./toasts.js";

const REFUSED =
  "What this page shows is no longer brought up to date: you may not see it any more, or it is gone. Reload the page.";
let isLost = false;
const refused = new Set(); // the ids of parts that ask again and are refused

const markStale = () =>
  document.documentElement.classList.toggle("is-stale", isLost || refused.size > 0);

export function setConnectionLost(lost) {
  if (isLost === lost) return;
  isLost = lost;
  const banner = one("#connection-lost");
  if (banner) banner.hidden = !lost;
  markStale();
  if (!lost) toast("The desk answers again.", "success");
}

export function setRefused(part, isRefused) {
  if (refused.has(part) === isRefused) return;
  if (isRefused && !refused.size) toast(REFUSED, "error");
  if (isRefused) refused.add(part);
  else refused.delete(part);
  markStale();
}

window.addEventListener("offline", () => setConnectionLost(true));
