"use strict";
const of = (id) => document.getElementById(id);
const tasks = Array.from(document.querySelectorAll("[data-task]"));
function filter() {
  const state = of("state").value;
  const resource = of("resource").value;
  const words = of("words").value.toLowerCase();
  let shown = 0;
  for (const task of tasks) {
    const waits = task.dataset.resources.split("\n");
    const fits = (!state || task.dataset.state === state)
      && (!resource || waits.includes(resource))
      && (!words || task.textContent.toLowerCase().includes(words));
    task.classList.toggle("hidden", !fits);
    if (fits) shown += Number(task.dataset.count);
  }
  of("shown").textContent = String(shown);
}
for (const id of ["state", "resource", "words"]) of(id).addEventListener("input", filter);
filter();
