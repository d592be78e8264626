// What a register offers is put into the form of a client, a field or all at a time. Nothing is saved by it.
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-take], [data-take-all]");
  const form = document.querySelector("form[data-client-form]");
  if (!button || !form) return;
  const chosen = "takeAll" in button.dataset ? button.closest("details").querySelectorAll("[data-take]:enabled") : [button];
  for (const one of chosen) {
    const field = form.elements[one.dataset.take];
    if (!field) continue;
    if (field.tomselect) field.tomselect.setValue(one.dataset.value);
    else field.value = one.dataset.value;
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    one.textContent = one.dataset.taken;
    one.disabled = true;
  }
  if ("takeAll" in button.dataset) button.disabled = true;
});
