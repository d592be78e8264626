// Whoever starts a call from a page is offered to write it down. data-log: the address of that form.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='tel:'][data-log]");
  if (!link) return;
  const offer = document.createElement("a");
  offer.href = link.dataset.log;
  offer.textContent = crm.text("log_call");
  offer.className = "crm-toast-link";
  crm.toast(offer, false, true);
});
