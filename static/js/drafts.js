// What somebody types is kept in this browser until it is sent, and offered again. Logging out forgets it.
import { all, one } from "./dom.js";
import { hasTypedInto } from "./forms.js";

const { person } = document.body.dataset; // nobody on the pages before the log-in
const PREFIX = `desk-draft-${person}-`;
const SENT = "desk-draft-sent"; // of this tab: the form whose answer the next page is
const NOT_DONE = "desk-draft-not-done"; // of this tab: the key of a form that came after the session had ended
const CHOSEN = "#draft"; // it was picked from a list, and need not be offered
const KEPT_MS = 7 * 86_400_000;
const PAUSE_MS = 400;
const SENT_AS = "~"; // between the name of a form and what it was sent as: its key, or when that was
const TYPED_IN = "@"; // between the name of a form and the tab in which it is typed

// A tab has a name, and two that show one form do not write over each other. While a page is shown its name is kept
// here alone: a tab that was copied from it finds none and takes another.
const TAB = "desk-draft-tab";
const tab = sessionStorage.getItem(TAB) ?? Math.random().toString(36).slice(2);
const hideTab = () => sessionStorage.removeItem(TAB);
hideTab();
window.addEventListener("pagehide", () => sessionStorage.setItem(TAB, tab));
window.addEventListener("pageshow", hideTab);

const nameOf = (form) => form.dataset.draft;
const formOf = (name) => name.split(TYPED_IN)[0].split(SENT_AS)[0];
const typedName = (formName) => formName + TYPED_IN + tab;
const ownName = (form) => typedName(nameOf(form));
// A form that was sent is kept apart from what is typed into that form next, until its answer is known.
const sentName = (form, id) => nameOf(form) + SENT_AS + id;

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

function write(name, draft) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(draft));
    return true;
  } catch {
    return false; // a browser that keeps nothing, or is full
  }
}

const forget = (name) => localStorage.removeItem(PREFIX + name);

// Where it is kept now: what is full has room for one of them, whose longer name may already be too much.
function move(name, newName, draft) {
  forget(name);
  if (write(newName, draft)) return newName;
  write(name, draft);
  return name;
}

function kept() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return keys.map((key) => [key.slice(PREFIX.length), read(key.slice(PREFIX.length))]).filter(([, draft]) => draft);
}

// Hidden fields belong to the page, but for the one that makes a form sent twice one order, and for what was
// shown to whoever wrote. No secret is typed here.
const KEY = "[data-draft-key]";
const SHOWN = "[data-draft-shown]";
// Up to which restore of the database it was written, and in which time zone; a draft of a release before that was
// kept says nothing of it.
const DRAWN = "[data-draft-drawn]";
const isTyped = ({ type }) => !/^(hidden|password|file|submit|button)$/.test(type);
const isAnswer = (field) => field.name && (isTyped(field) || field.matches(`${SHOWN}, ${DRAWN}`));
const fieldsOf = (form) => [...form.elements].filter((field) => form.contains(field) && isAnswer(field));

const isChoice = ({ type }) => type === "checkbox" || type === "radio";
const valueOf = (field) => (isChoice(field) ? field.checked : field.value);
const nameIn = (field) => (isChoice(field) ? `${field.name}=${field.value}` : field.name);

const keyOf = (form) => one(KEY, form)?.value;

function draftOf(form) {
  const fields = Object.fromEntries(fieldsOf(form).map((field) => [nameIn(field), valueOf(field)]));
  const { draftAbout: about, draftAddress: address } = form.dataset;
  return { fields, about, address, key: keyOf(form), at: new Date().toISOString() };
}

const sameFields = (one, other) => JSON.stringify(one.fields) === JSON.stringify(other?.fields);

function save(form) {
  const draft = draftOf(form);
  if (!hasTypedInto(form) || sameFields(draft, read(sentName(form, draft.key)))) forget(ownName(form));
  else write(ownName(form), draft);
}

const waiting = new Map(); // form: its timer

function stopWaiting(form) {
  clearTimeout(waiting.get(form));
  waiting.delete(form);
}

function saveNow(form) {
  stopWaiting(form);
  save(form);
}

function keepSent(form) {
  stopWaiting(form);
  const draft = { ...draftOf(form), isSent: true };
  draft.isSentAgain = [ownName(form), sentName(form, draft.key)].some((name) => read(name)?.isSent);
  sessionStorage.setItem(SENT, move(ownName(form), sentName(form, draft.key ?? draft.at), draft));
}

document.addEventListener("input", ({ target }) => {
  const form = target.form;
  if (!form?.dataset.draft || !isAnswer(target)) return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => saveNow(form), PAUSE_MS));
});
window.addEventListener("pagehide", () => [...waiting.keys()].forEach((form) => saveNow(form)));

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.matches("[action='/log-out/']")) kept().forEach(([name]) => forget(name));
  if (form.id === "kept-form") awaitAnswerAgain(one("[name=form_key]", form)?.value);
  if (!form.dataset.draft || event.defaultPrevented || submitter?.hasAttribute("formaction")) return;
  keepSent(form);
});

// A page that says what was done is the only proof that it was; one that came as the answer to a form, of which
// it says what is wrong with it, that it was not.
function readAnswer() {
  const name = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  const draft = name && read(name);
  if (!draft) return;
  const isDone = one("#toasts [data-level=success], #toasts [data-level=info]");
  if (!isDone && !("refused" in document.body.dataset)) return;
  if (isDone) forget(name);
  else move(name, typedName(formOf(name)), { ...draft, isSent: false });
}

// The page that says so may lead to a log-in, or send the form once more: it is settled on the one after it.
function readNotDone() {
  const answered = one("[data-not-done]");
  if (answered) return sessionStorage.setItem(NOT_DONE, answered.dataset.notDone);
  const key = sessionStorage.getItem(NOT_DONE);
  const [name, draft] = (key && sentWith(key)) || [];
  if (!draft) return;
  sessionStorage.removeItem(NOT_DONE);
  if (draft.isSentAgain) return; // nobody knows of the time before
  move(name, typedName(formOf(name)), { ...draft, isSent: false, isNotDone: true });
}

const sentWith = (key) => kept().find(([, draft]) => draft.isSent && draft.key === key);

// What did not get past the log-in is sent from the page that kept it.
function awaitAnswerAgain(key) {
  sessionStorage.removeItem(NOT_DONE);
  const [name] = (key && sentWith(key)) || [];
  if (name) sessionStorage.setItem(SENT, name);
}

// An earlier release kept what was sent where the next draft is written.
const keepApart = ([name, draft]) => move(name, formOf(name) + SENT_AS + (draft.key ?? draft.at), draft);

function fill(form, draft) {
  fieldsOf(form).forEach((field) => {
    const value = draft.fields[nameIn(field)] ?? (field.matches(DRAWN) ? "" : undefined);
    if (value === undefined || value === valueOf(field)) return;
    if (isChoice(field)) field.checked = value;
    else field.value = value;
    const folded = field.closest("details");
    if (folded) folded.open = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  // It, or what this was changed from, was sent: with a new key it would be another order.
  const key = one(KEY, form);
  if (key && draft.key && (draft.isSent || draft.isNotDone || read(sentName(form, draft.key)))) key.value = draft.key;
}

const shows = (form, draft) =>
  fieldsOf(form).filter(isTyped).every((field) => [undefined, valueOf(field)].includes(draft.fields[nameIn(field)]));
const isShown = (form, draft) => shows(form, draft) && (!draft.isSent || draft.key === keyOf(form));

const hashOf = (name) => CHOSEN + name.slice(formOf(name).length).replace(/^[@~]/, "-");

// What was typed in another tab is this one's from here on, in exchange for what was kept of this one; what was sent
// stays until its answer is known.
function take(form, name, draft) {
  fill(form, draft);
  if (draft.isSent || name === ownName(form)) return;
  const mine = read(ownName(form));
  if (mine) write(name, mine);
  else forget(name);
  saveNow(form);
}

const keptOf = (form) => kept().filter(([name]) => formOf(name) === nameOf(form));

function offer(form) {
  all("[data-draft-box]", form).forEach((box) => box.remove());
  keptOf(form).filter(([, draft]) => !isShown(form, draft)).forEach(([name, draft]) => offerOne(form, name, draft));
  document.dispatchEvent(new Event("desk:times"));
}

function begin(form) {
  const chosen = keptOf(form).find(([name]) => window.location.hash === hashOf(name));
  if (chosen && !isShown(form, chosen[1])) take(form, ...chosen);
  offer(form);
}

const LONGEST = 48;
const shortened = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 16)}…${text.slice(-15)}` : text);

// What a draft holds, in a few words: an order's link and quantity, or how some other text begins.
function told({ fields }) {
  const { link, username, quantity, text, note, reference } = fields;
  const [first, ...more] = (text || note || reference || "").trim().split("\n");
  const lines = more.length && `${more.length + 1} lines`;
  return [link || username || first, quantity && `quantity ${quantity}`, lines].filter(Boolean).map(shortened);
}

function offerOne(form, name, draft) {
  const box = one("#draft-offer").content.firstElementChild.cloneNode(true);
  one("time", box).dateTime = draft.at;
  one("[data-draft-elsewhere]", box).hidden = draft.isSent || name === ownName(form);
  const holds = [draft.about, ...told(draft)].filter(Boolean).join(" · ");
  one("[data-draft-holds]", box).textContent = holds;
  one("[data-draft-stop]", box).hidden = !holds;
  one("[data-draft-sent]", box).hidden = !draft.isSent;
  one("[data-draft-not-done]", box).hidden = !draft.isNotDone;
  one(one(KEY, form) ? "[data-draft-keyed]" : "[data-draft-keyless]", box).hidden = false;
  one("[data-draft-fill]", box).addEventListener("click", () => {
    take(form, name, draft);
    offer(form);
    fieldsOf(form).find(isTyped)?.focus();
  });
  one("[data-draft-forget]", box).addEventListener("click", () => {
    forget(name);
    box.remove();
  });
  form.prepend(box);
}

// Where a form is chosen first, those that were begun are listed.
function list(shelf) {
  const drafts = kept().filter(([name]) => name.startsWith(shelf.dataset.drafts));
  const pattern = one("template", shelf).content.firstElementChild;
  drafts.sort(([, one], [, other]) => other.at.localeCompare(one.at)).forEach(([name, draft]) => {
    const line = pattern.cloneNode(true);
    Object.assign(one("a", line), { href: draft.address + hashOf(name), textContent: draft.about });
    one("[data-draft-holds]", line).textContent = [...told(draft), ""].join(" · ");
    one("time", line).dateTime = draft.at;
    one("[data-draft-sent]", line).hidden = !draft.isSent;
    one("[data-draft-not-done]", line).hidden = !draft.isNotDone;
    one("button", line).addEventListener("click", () => {
      forget(name);
      line.remove();
      shelf.hidden = !one("li", shelf);
    });
    one("ul", shelf).append(line);
  });
  shelf.hidden = !drafts.length;
}

if (person || one("[data-not-done]")) readNotDone();
if (person) {
  const isOld = ({ isSent, at }) => !isSent && Date.now() - Date.parse(at) > KEPT_MS;
  kept().filter(([, draft]) => isOld(draft)).forEach(([name]) => forget(name));
  readAnswer();
  kept().filter(([name, { isSent }]) => isSent && !name.includes(SENT_AS)).forEach(keepApart);
  all("form[data-draft]").forEach(begin);
  all("[data-drafts]").forEach(list);
  document.dispatchEvent(new Event("desk:times"));
}
