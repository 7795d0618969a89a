// Answering by keys, and without a page load between questions; the pages work without it.

const DRAFT = "waarom.draft", KEYS = "waarom.keys";
const TICK = 15_000;

const the = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const question = () => the("form[data-question]");
const search = () => the("[data-searches]");
const chosen = () => the('input[name="driver"]:checked');
const isText = (element) => element.matches?.('textarea, select, input:not([type="radio"], [type="checkbox"])');
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const changed = (control) => control.dispatchEvent(new Event("change", { bubbles: true }));

const spoken = document.createElement("p");
spoken.className = "hidden";
spoken.setAttribute("role", "status");
document.body.append(spoken);

// ---- Keys: `data-key` on a choice, a button or a field is the key that chooses, presses or enters it.

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.metaKey || the("dialog[open]")) return;
  if (event.target.matches?.("[data-searches]")) return searching(event);
  if (event.key === "Enter") return entering(event);
  if (isText(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.repeat || event.ctrlKey || localStorage.getItem(KEYS) === "off") return;
  if (pressed(event.key) || added(event.code)) event.preventDefault();
});

function entering(event) {
  const target = event.target;
  if (target.matches("textarea") ? !event.ctrlKey : target.matches("a, button, summary")) return;
  const button = the('[data-key="Enter"]');
  if (!button) return;
  event.preventDefault();
  if (!event.repeat) button.click();
}

function pressed(key) {
  const name = CSS.escape(key.length === 1 ? key.toLowerCase() : key);
  const control = the(`[data-key="${name}"]`);
  const group = the(`[data-jumps="${name}"]`);
  if (control?.hidden || (!control && !group)) return false;
  if (group) filter("");
  const goal = control ?? group.closest("fieldset").querySelector("input");
  if (goal.type === "radio" && control) choose(goal);
  else if (goal.matches("a, button, [type=checkbox]") && control) goal.click();
  else goal.focus();
  return true;
}

// With Shift a number adds a driver, or removes it: by the place of the key, as Shift makes another
// sign of it, or, on some keyboards, the number itself.
function added(code) {
  const place = /^Digit(\d)$/.exec(code);
  const box = place && the(`[data-adds="${place[1]}"]`);
  if (!box || box.value === chosen()?.value) return false;
  add(box);
  return true;
}

function choose(radio) {
  filter("");
  radio.checked = true;
  radio.focus();
  changed(radio);
  if (radio.value === "unknown") the('[name="suggestion"]').focus();
}

function add(box) {
  filter("");
  box.checked = !box.checked;
  box.focus();
  changed(box);
}

// ---- Search: hides what does not match; arrows move, Enter chooses, Shift Enter adds.

let at = null;

function filter(text) {
  const field = search();
  if (!field) return;
  if (!text) field.value = "";
  const words = folded(text).split(/\s+/).filter(Boolean);
  for (const row of all("[data-words]")) {
    const said = folded(row.dataset.words);
    row.hidden = !words.every((word) => said.includes(word));
  }
  for (const group of all(".all-drivers fieldset, .likely")) {
    group.hidden = !group.querySelector("[data-words]:not([hidden])");
  }
  move(words.length ? best(matching(), words.join(" ")) : null);
}

const matching = () => all("[data-words]:not([hidden])");

function best(rows, text) {
  const rank = (row) => {
    const name = folded(row.dataset.name), id = folded(row.dataset.driver);
    return [name.startsWith(text), name.includes(text), id.includes(text)].indexOf(true) >>> 0;
  };
  return rows.reduce((one, other) => (one && rank(one) <= rank(other) ? one : other), null);
}

function move(row) {
  at?.classList.remove("at");
  at = row;
  at?.classList.add("at");
  at?.scrollIntoView({ block: "nearest" });
  const typed = search()?.value;
  spoken.textContent = !typed ? "" : at ? `${at.dataset.name} (${matching().length})` : says("none");
}

function adding(on) {
  const field = search(), button = the("[data-adds-by-search]");
  if (!field || !button) return;
  field.dataset.choosing ??= field.placeholder;
  button.setAttribute("aria-pressed", on);
  field.placeholder = on ? field.dataset.adding : field.dataset.choosing;
  field.setAttribute("aria-label", field.placeholder);
}

const isAdding = () => the('[data-adds-by-search][aria-pressed="true"]') !== null;

function searching(event) {
  const rows = matching();
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) {
    const step = rows.indexOf(at) + steps[event.key];
    move(rows.at(at ? step % rows.length : step < 0 ? -1 : 0) ?? null);
  } else if (event.key === "Escape") {
    leaveSearch();
  } else if (event.key === "Enter") {
    picked(event.shiftKey || isAdding());
  } else return;
  event.preventDefault();
}

function picked(beside) {
  const row = at;
  if (!row) return;
  adding(false);
  if (beside && chosen() && chosen().value !== row.dataset.driver) add(row.querySelector('[name="also"]'));
  else choose(row.querySelector('[name="driver"]'));
  row.scrollIntoView({ block: "nearest" });
}

function leaveSearch() {
  filter("");
  adding(false);
  search().blur();
}

// ---- What is filled in: said beside the button, and kept in this tab until it is stored.

function filledIn() {
  const first = chosen();
  const also = all('[name="also"]:checked').map((box) => box.value);
  return { driver: first?.value ?? "", also: also.filter((each) => each !== first?.value) };
}

function tell() {
  const place = the("[data-chosen]");
  if (!place) return;
  const { driver, also } = filledIn();
  const first = driver && (named(driver) ?? words(chosen()));
  place.textContent = "";
  if (!first) return;
  place.append(part("strong", first));
  for (const each of also) place.append(` ${says("also")} `, part("span", named(each)));
}

const named = (driver) => the(`[data-driver="${CSS.escape(driver)}"]`)?.dataset.name;
const words = (input) => input.parentElement.querySelector(".words").firstChild.textContent.trim();
const part = (kind, text) => Object.assign(document.createElement(kind), { textContent: text });
const says = (what) => the(`[data-says="${what}"]`)?.textContent ?? "";

function alert(text) {
  const place = the("[data-alert]");
  if (place) place.textContent = text;
}

function keep() {
  const form = question();
  const { note, suggestion, personal_data: personal } = form.elements;
  const typed = { note: note.value, suggestion: suggestion.value, personal: personal.checked };
  const draft = { id: form.dataset.question, ...filledIn(), ...typed };
  sessionStorage.setItem(DRAFT, JSON.stringify(draft));
}

function restore() {
  const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
  const form = question();
  if (draft?.id !== form.dataset.question) return sessionStorage.removeItem(DRAFT);
  for (const box of all('[name="driver"], [name="also"]')) {
    box.checked = box.name === "also" ? draft.also.includes(box.value) : draft.driver === box.value;
  }
  form.elements.note.value = draft.note;
  form.elements.suggestion.value = draft.suggestion;
  form.elements.personal_data.checked = draft.personal;
}

addEventListener("input", (event) => {
  if (event.target.matches("[data-searches]")) filter(event.target.value);
  else if (question()?.contains(event.target)) keep();
});

addEventListener("change", (event) => {
  const control = event.target;
  if (control.matches("[data-keys-on]")) localStorage.setItem(KEYS, control.checked ? "on" : "off");
  if (!question()?.contains(control)) return;
  if (control.dataset.also !== undefined) {
    const also = control.dataset.also.split(" ");
    for (const box of all('[name="also"]')) box.checked = also.includes(box.value);
  }
  if (control.name === "driver") alert("");
  tell();
  keep();
});

addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-opens], [data-adds-by-search]");
  if (!button) return;
  if (button.dataset.opens) return document.getElementById(button.dataset.opens).showModal();
  adding(!isAdding());
  search().focus();
});

// ---- One round trip a question: the answer goes out, the next question comes back.

let sending = false, leaving = false;

addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter;
  if (!form.matches("[data-question], [data-swaps]")) return;
  if (button?.hasAttribute("data-leaves")) {
    leaving = true;
    return;
  }
  event.preventDefault();
  const answers = form.matches("[data-question]") && button?.dataset.key === "Enter";
  if (answers && !chosen()) {
    alert(says("missing"));
    search()?.focus();
  } else if (!sending) send(form, button?.getAttribute("formaction") ?? form.action);
});

async function send(form, address) {
  sending = true;
  performance.mark("sent");
  the("main").setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(address, { method: "POST", body, headers: { "Waarom-Swap": "true" } });
    if (answer.status >= 500) throw new Error(answer.statusText);
    if (answer.status === 403 || new URL(answer.url).pathname === "/login") location.reload();
    else swap(await answer.text(), answer.headers.get("Content-Location"));
  } catch {
    alert(says("offline"));
  } finally {
    sending = false;
    the("main").removeAttribute("aria-busy");
  }
}

function swap(text, address) {
  const next = new DOMParser().parseFromString(text, "text/html");
  the("main").replaceWith(document.adoptNode(next.querySelector("main")));
  document.title = next.title;
  if (address) history.replaceState(null, "", address);
  if (!question()) sessionStorage.removeItem(DRAFT);
  for (const link of all(".languages a")) link.href = `${location.pathname}?lang=${link.hreflang}`;
  begin();
  scrollTo(0, 0);
  the("main h1")?.focus({ preventScroll: true });
  spoken.textContent = [the(".happened"), the(".lead")].map((each) => each?.textContent ?? "").join(" ");
  performance.measure("question", "sent");
}

// Whether there are messages like the one just answered is found while the next one is read.
async function offer() {
  const link = the("[data-similar]");
  if (!link) return;
  link.hidden = true;
  const answer = await fetch(link.href).catch(() => null);
  const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
  const count = page && page.querySelector("[data-similar-count]");
  if (!count || count.dataset.similarCount === "0") return;
  link.textContent = `${count.textContent} `;
  link.append(Object.assign(part("kbd", "m"), { className: "needs-script" }));
  link.hidden = false;
}

function begin() {
  at = null;
  offer();
  const box = the("[data-keys-on]");
  if (box) box.checked = localStorage.getItem(KEYS) !== "off";
  if (!question()) return;
  question().noValidate = true;
  restore();
  tell();
}

// ---- The claim: renewed while somebody is at work, given up soon after the page is left.

let active = false, renewedAt = Date.now();

for (const kind of ["keydown", "pointermove", "scroll", "input"]) {
  addEventListener(kind, () => { active = true; }, { passive: true });
}

setInterval(() => {
  const form = question();
  if (form && active && Date.now() - renewedAt > 1000 * form.dataset.renews) renew();
}, TICK);

function claimed(form) {
  return [`/reviews/${form.dataset.question}/renew`, new URLSearchParams({ csrf: form.elements.csrf.value })];
}

async function renew() {
  const form = question();
  if (!form) return;
  active = false;
  renewedAt = Date.now();
  const [address, body] = claimed(form);
  const answer = await fetch(address, { method: "POST", body }).catch(() => null);
  const told = the("[data-alert]")?.textContent.trim();
  if (answer?.status === 409 && form.isConnected && !sending && !told) alert(says("lost"));
}

addEventListener("pagehide", () => {
  const form = question();
  if (!form || leaving || sending) return;
  const [address, body] = claimed(form);
  navigator.sendBeacon(`${address}?leaving=true`, body);
});
addEventListener("pageshow", renew);
document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });

begin();
