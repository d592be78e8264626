// The form of a client: hides what the other kind is asked, and the delivery address while there is none.
// What is hidden is sent all the same, so that switching loses nothing.
(() => {
  const form = document.querySelector("form[data-client-form]");
  if (!form) return;
  const { first_name: first, last_name: last, name, use_delivery: delivery } = form.elements;
  const made = () => [first.value.trim(), last.value.trim()].filter(Boolean).join(" ");
  const isPerson = () => form.elements.kind.value === "person";
  let before = made();

  const showKind = () => {
    for (const cell of form.querySelectorAll("[data-for-kind]")) cell.hidden = cell.dataset.forKind === "person" && !isPerson();
    name.placeholder = isPerson() ? made() : "";
  };
  const followName = () => {
    if (isPerson() && before && name.value.trim() === before) name.value = made();
    before = made();
    showKind();
  };
  const showDelivery = () => { form.querySelector("[data-delivery]").hidden = !delivery.checked; };

  for (const radio of form.elements.kind) radio.addEventListener("change", showKind);
  for (const part of [first, last]) part.addEventListener("input", followName);
  delivery.addEventListener("change", showDelivery);
  showKind();
  showDelivery();
})();
