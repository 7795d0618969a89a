// Small conveniences; every page works without them.
"use strict";

for (const control of document.querySelectorAll("[data-submits]")) {
  control.addEventListener("change", () => control.form.submit());
}
document.documentElement.classList.add("scripted");

// Folded parts are printed, too.
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});

// Search among the drivers of a question: hide what does not match.
const search = document.querySelector("[data-searches]");
if (search) {
  const list = document.getElementById(search.dataset.searches);
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of list.querySelectorAll("[data-words]")) {
      row.hidden = !words.every((word) => row.dataset.words.includes(word));
    }
    for (const group of list.querySelectorAll("fieldset")) {
      group.hidden = !group.querySelector("[data-words]:not([hidden])");
    }
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const first = list.querySelector("[data-words]:not([hidden]) input");
    if (first) { first.checked = true; first.focus(); changed(first); }
  });
}

// What is offered beside the driver leaves out that driver; before one is chosen, the likeliest.
const offered = document.querySelector(".offered");
function offer() {
  const chosen = document.querySelector('input[name="driver"]:checked');
  const driver = chosen ? chosen.value : offered.dataset.likeliest;
  for (const box of offered.querySelectorAll("input")) {
    box.closest(".choice").hidden = box.value === driver;
  }
}
if (offered) {
  offer();
  addEventListener("change", (event) => {
    if (event.target.name === "driver") offer();
    if (event.target.name !== "also") return;
    // The same driver may be offered and be in the list.
    for (const box of document.querySelectorAll('input[name="also"]')) {
      if (box.value === event.target.value) box.checked = event.target.checked;
    }
  });
}

// The driver's number chooses it; with Shift it is added or removed beside the one chosen. By the
// place of the key, as Shift makes another sign of it, or, on some keyboards, the number itself.
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (/^(input|textarea|select)$/i.test(event.target.tagName) && !/^(radio|checkbox)$/.test(event.target.type)) return;
  const choice = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (choice) { choice.checked = true; choice.focus(); changed(choice); return; }
  const place = /^Digit(\d)$/.exec(event.code);
  const other = place && document.querySelector(`[data-adds="${place[1]}"]`);
  if (!other || other.closest("[hidden]")) return;
  event.preventDefault();
  other.checked = !other.checked;
  other.focus();
  changed(other);
});

function changed(control) {
  control.dispatchEvent(new Event("change", { bubbles: true }));
}
