// Enter in a search opens what is found for the words as they stand, never what still shows for those before.

// `found` is the id of the part that holds the answers. `ask` asks at once, `open` opens what is chosen.
export function openAnswer({ words, found, ask, open }) {
  let answered = words.defaultValue.trim(); // the words that the part is the answer to
  let isWanted = false;
  const isAnswered = () => answered === words.value.trim();

  words.addEventListener("input", () => { isWanted = false; });
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    isWanted = !isAnswered();
    if (isWanted) ask();
    else open();
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.target?.id !== found || !detail.successful) return;
    answered = detail.requestConfig.formData.get("q").trim();
    if (!isWanted || !isAnswered()) return;
    isWanted = false;
    open();
  });
}
