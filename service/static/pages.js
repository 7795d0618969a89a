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
    if (first) { first.checked = true; first.focus(); }
  });
}

// Keys 1 to 3 choose the drivers shown first.
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (/^(input|textarea|select)$/i.test(event.target.tagName) && event.target.type !== "radio") return;
  const choice = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (choice) { choice.checked = true; choice.focus(); }
});
