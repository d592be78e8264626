// Values edited in place: the server sends the form; here it gets the focus, Escape leaves it, and focus comes back.
(() => {
  let returnTo = null;

  document.addEventListener("htmx:beforeRequest", (event) => {
    const place = event.detail.elt.closest(".crm-inplace");
    if (place) returnTo = place.parentElement;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!returnTo?.contains(event.target)) return; // another part of the page came in
    const form = returnTo.querySelector("form.crm-inplace");
    const target = form ? form.querySelector("input:not([type=hidden]), select, textarea") : returnTo.querySelector("button");
    (target?.tomselect || target)?.focus();
    if (target?.matches("input[type=text], textarea")) target.select();
    returnTo = null;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.target.closest("form.crm-inplace")?.querySelector("[data-cancel]")?.click();
  });
})();
