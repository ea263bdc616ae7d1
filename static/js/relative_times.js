// Times in words stay true while a page is open. core/templatetags/desk.py writes the same words.
import { now } from "./desk_clock.js";
import { all } from "./dom.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STEPS = [[3600, "h"], [60, "min"], [1, "s"]];

function ago(moment) {
  const seconds = Math.trunc((now() - Date.parse(moment)) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 10) return "just now";
  if (distance >= 86400) return date(moment);
  const [size, unit] = STEPS.find(([step]) => distance >= step);
  const words = `${Math.floor(distance / size)} ${unit}`;
  return seconds < 0 ? `in ${words}` : `${words} ago`;
}

// As the server writes it, in the desk's own time zone: read off the text, not the browser.
function date(moment) {
  const [, year, month, day, time] = moment.match(/^(\d+)-(\d\d)-(\d\d)T(\d\d:\d\d)/);
  const isThisYear = Number(year) === new Date(now()).getFullYear();
  return `${MONTHS[month - 1]} ${day}, ${isThisYear ? time : year}`;
}

// What is still to be done was never "just now".
const until = (moment) =>
  Date.parse(moment) - now() < 10000 ? "in a few seconds" : ago(moment);

function refresh() {
  all("time[data-when]").forEach((time) => {
    const words = time.dataset.when === "due" ? until(time.dateTime) : ago(time.dateTime);
    if (time.textContent !== words) time.textContent = words;
  });
}

setInterval(refresh, 3000); // as often as a list asks, which is not drawn when nothing moved
["htmx:afterSettle", "desk:times"].forEach((name) => document.addEventListener(name, refresh));
