// Keys of the service picker: arrows walk what was found, Enter opens it, a digit beside the search a recipe.
import { openAnswer } from "./answered_words.js";
import { all, one } from "./dom.js";
import { isForPage, keyOf } from "./keyboard_shortcuts.js";

const words = one("#service-words");

function walk(event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const from = document.activeElement;
  if (!by || !(from === words || from.matches("[data-pick]"))) return;
  event.preventDefault();
  const stops = [words, ...all("[data-pick]")];
  stops[Math.min(Math.max(stops.indexOf(from) + by, 0), stops.length - 1)].focus();
}

// In the search a digit begins a number: Enter takes the recipe that stands first for it.
function openRecipe(event) {
  const key = keyOf(event);
  const recipe = isForPage(event) && /^[1-9]$/.test(key) && one(`[data-pick-key="${key}"]`);
  if (!recipe) return;
  event.preventDefault();
  recipe.click();
}

document.addEventListener("keydown", (event) => {
  walk(event);
  openRecipe(event);
});
openAnswer({
  words,
  found: "service-results",
  ask: () => words.form.requestSubmit(),
  open: () => one("[data-pick]")?.click(),
});
