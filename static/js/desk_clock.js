// The time as the desk has it, however wrong this machine's clock is: told by the page, then by each answer.
const NOTICED = 2000; // an answer says whole seconds, and was on its way for a while
let ahead = 0;

function hear(said, ours) {
  const by = Date.parse(said) - ours;
  if (!Number.isNaN(by)) ahead = Math.abs(by) < NOTICED ? 0 : by;
}

const [page] = performance.getEntriesByType("navigation");
// A page that the browser had kept tells of an earlier moment: the first answer says more.
if (page?.transferSize) {
  const since = performance.now() - page.responseStart;
  hear(document.documentElement.dataset.now, Date.now() - since);
}
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  hear(detail.xhr.getResponseHeader("Date"), Date.now());
});

export const now = () => Date.now() + ahead;
