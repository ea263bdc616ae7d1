// What can be asked of a form.
import { all } from "./dom.js";

export const isPost = (form) => form instanceof HTMLFormElement && form.method === "post";
export const isSentByHtmx = (form) => form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]");

const isWritten = (field) => field.value !== field.defaultValue;

function isTyped(field) {
  if (field.type === "hidden" || field.type === "submit") return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (!field.options) return "defaultValue" in field && isWritten(field);
  const drawn = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(drawn, 0);
}

// Whether the form holds something that somebody typed.
export const hasTypedInto = (form) => [...form.elements].some(isTyped);
// Whether the page holds something that somebody typed and that was not sent yet.
export const hasTyped = () => all("form").some((form) => isPost(form) && hasTypedInto(form));

// Fields of forms that change something in which somebody has written: what is lost with the page.
const WRITABLE = "textarea, input:not([type=hidden], [type=submit], [type=checkbox], [type=radio])";
export const writtenFields = (root = document) =>
  all(WRITABLE, root).filter((field) => field.form && isPost(field.form) && isWritten(field));
