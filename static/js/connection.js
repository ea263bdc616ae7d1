// The banner of a desk that does not answer, until it answers again.
import { one } from "./dom.js";
import { toast } from "./toasts.js";

let isLost = false;

export function setConnectionLost(lost) {
  if (isLost === lost) return;
  isLost = lost;
  const banner = one("#connection-lost");
  if (banner) banner.hidden = !lost;
  document.documentElement.classList.toggle("is-stale", lost);
  if (!lost) toast("The desk answers again.", "success");
}

window.addEventListener("offline", () => setConnectionLost(true));
