// What can be asked of a form.
import { all } from "./dom.js";

export const isPost = (form) => form instanceof HTMLFormElement && form.method === "post";

function isTyped(field) {
  if (field.type === "hidden" || field.type === "submit") return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (!field.options) return "defaultValue" in field && field.value !== field.defaultValue;
  const drawn = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(drawn, 0);
}

// Whether the page holds something that somebody typed and that was not sent yet.
export const hasTyped = () =>
  all("form").some((form) => isPost(form) && [...form.elements].some(isTyped));
