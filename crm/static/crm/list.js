// Lists: choices that send their form, filters that leave blanks out of the address.
(() => {
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-submit-on-change]")) box.form.requestSubmit();
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-skip-blank]")) return;
    const blank = [...event.target.elements].filter((field) => field.name && field.value === "" && !field.disabled);
    blank.forEach((field) => { field.disabled = true; });
    setTimeout(() => blank.forEach((field) => { field.disabled = false; }));
  });
})();

// What a list shows is remembered for the next time it is opened; links to a view are copied.
(() => {
  const list = document.querySelector("[data-remember]");
  if (list) crm.post(list.dataset.remember, { state: list.dataset.state }).catch(() => {});
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-copy]");
    if (!link || !navigator.clipboard) return;
    event.preventDefault();
    await navigator.clipboard.writeText(link.dataset.copy || link.href);
    crm.toast(crm.text("copied"));
  });
})();

// An attribute picked in a panel of filters is asked for below the others.
document.addEventListener("change", async (event) => {
  const pick = event.target.closest("[data-pick]");
  if (!pick?.value) return;
  const [key, box] = [pick.value, pick.tomselect];
  await htmx.ajax("GET", pick.dataset.pick.replace("KEY", key), { target: pick.dataset.into, swap: "beforeend" });
  if (box) box.removeOption(key); else pick.querySelector(`[value="${key}"]`).remove();
  document.querySelector(pick.dataset.into).lastElementChild.querySelector("input, select")?.focus();
});
