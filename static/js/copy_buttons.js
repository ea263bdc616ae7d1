// Buttons that copy a text, or what an element holds.
import { one } from "./dom.js";
import { toast } from "./toasts.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const { copy, copyFrom } = button.dataset;
  try {
    await navigator.clipboard.writeText(copy ?? one(copyFrom).textContent);
    toast("Copied.", "success");
  } catch {
    toast("The browser did not let us copy. Select the text and copy it yourself.", "warning");
  }
});
