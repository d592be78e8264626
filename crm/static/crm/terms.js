// A document's form: its contact is one of the chosen client, and a new one takes currency, discount and due day from it.
// form[data-terms] holds the address that answers for client 0; data-terms-query is there for a new document.
(() => {
  const form = document.querySelector("form[data-terms]");
  if (!form) return;
  const { client, contact } = form.elements;
  const date = form.elements.date ?? form.elements.issue_date;
  const isNew = form.hasAttribute("data-terms-query");
  const touched = new Set();

  const ofClient = () => {
    if (!contact) return;
    const url = new URL(contact.dataset.remote, location.href);
    if (client.value) url.searchParams.set("client", client.value);
    else url.searchParams.delete("client");
    contact.dataset.remote = url.pathname + url.search;
  };

  const write = (field, value) => {
    if (field.tomselect) field.tomselect.setValue(value, true);
    else field.value = value;
  };

  const take = async () => {
    if (!isNew || !client.value) return;
    const url = new URL(form.dataset.terms.replace(/0$/, client.value), location.href);
    url.search = form.dataset.termsQuery;
    url.searchParams.set("date", date.value);
    const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    for (const [name, value] of Object.entries(await answer.json())) {
      if (form.elements[name] && !touched.has(name)) write(form.elements[name], value ?? "");
    }
    document.dispatchEvent(new Event("crm:terms"));
  };

  form.addEventListener("change", (event) => {
    touched.add(event.target.name);
    if (event.target === client) {
      if (contact?.tomselect) {
        contact.tomselect.clear(true);
        contact.tomselect.clearOptions();
      }
      ofClient();
    }
    if (event.target === client || event.target === date) take();
  });
  ofClient();
})();
