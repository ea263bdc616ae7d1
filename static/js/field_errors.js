import { one } from "./dom.js";

// What was said of the old value says nothing of the new one; the server checks it again.
export function clearError(field) {
  if (field.getAttribute?.("aria-invalid") !== "true") return;
  field.removeAttribute("aria-invalid");
  field.classList.remove("is-invalid");
  const describes = (field.getAttribute("aria-describedby") || "").split(/\s+/);
  const errors = describes.filter((id) =>
    document.getElementById(id)?.classList.contains("invalid-feedback"),
  );
  errors.forEach((id) => document.getElementById(id).remove());
  const rest = describes.filter((id) => id && !errors.includes(id));
  if (rest.length) field.setAttribute("aria-describedby", rest.join(" "));
  else field.removeAttribute("aria-describedby");
}

export function showError(field, id, text) {
  if (field.getAttribute("aria-invalid") === "true") return;
  const error = document.createElement("div");
  error.id = id;
  error.className = "invalid-feedback d-block";
  error.textContent = text;
  field.after(error);
  field.classList.add("is-invalid");
  field.setAttribute("aria-invalid", "true");
  const others = field.getAttribute("aria-describedby") || "";
  field.setAttribute("aria-describedby", `${id} ${others}`.trim());
}

document.addEventListener("input", ({ target }) => clearError(target));

// A form that came back is read on at its first mistake, which may be far below.
const [answer] = performance.getEntriesByType("navigation");
if (answer?.responseStatus === 422) {
  const first = one('main :is([aria-invalid="true"], .alert-danger)');
  // Of a choice that is missing, its first answer: the group around it takes no keys.
  (first?.matches('[role="radiogroup"]') ? one("input", first) : first)?.focus();
}
