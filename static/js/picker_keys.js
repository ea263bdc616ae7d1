// Keys of the service picker: arrows walk what was found, Enter opens it, a digit opens a recipe.
import { all, one } from "./dom.js";
import { isForPage } from "./keyboard_shortcuts.js";

const words = one("#service-words");

function walk(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const from = document.activeElement;
  if (!by || !(from === words || from.matches("[data-pick]"))) return;
  event.preventDefault();
  const stops = [words, ...all("[data-pick]")];
  stops[Math.min(Math.max(stops.indexOf(from) + by, 0), stops.length - 1)].focus();
}

// A digit in the empty search is no word yet.
function openRecipe(event) {
  const isFree = isForPage(event) || (event.target === words && !words.value);
  const recipe = isFree && /^[1-9]$/.test(event.key) && one(`[data-pick-key="${event.key}"]`);
  if (!recipe) return;
  event.preventDefault();
  recipe.click();
}

function openFirst(event) {
  if (event.key !== "Enter" || event.target !== words) return;
  event.preventDefault();
  one("[data-pick]")?.click();
}

document.addEventListener("keydown", (event) => {
  walk(event);
  openRecipe(event);
  openFirst(event);
});
