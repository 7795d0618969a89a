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
