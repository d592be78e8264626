// What every page shares: the token for writes, messages, the confirm dialog, the theme.
const crm = (() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const token = () => document.querySelector("meta[name=csrf-token]").content;
  const text = (key, ...values) => values.reduce((t, v, i) => t.replaceAll(`{${i}}`, v), words[key]);

  /** Announces a message to screen readers. */
  const say = (message) => { document.getElementById("live").textContent = message; };

  /** Shows a message in the corner, a text or an element, and announces it; one that stays goes by its cross. */
  const toast = (message, error = false, stays = false) => {
    const box = document.createElement("div");
    box.className = `crm-toast${error ? " is-error" : ""}`;
    box.append(message);
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close btn-close-white";
    close.ariaLabel = words.close;
    close.onclick = () => box.remove();
    box.append(close);
    document.getElementById("toasts").append(box);
    if (!stays) setTimeout(() => box.remove(), error ? 12000 : 5000);
    say(message.textContent ?? message);
  };

  /** Asks in the dialog; resolves to true or false. */
  const ask = (question, label) => new Promise((resolve) => {
    const dialog = document.getElementById("confirm");
    const yes = dialog.querySelector("[data-yes]");
    dialog.querySelector(".crm-dialog-text").textContent = question;
    yes.textContent = label || yes.dataset.label;
    dialog.returnValue = "no";
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
    dialog.showModal();
  });

  /** Posts JSON. Resolves to the answer; throws an Error with a message for people. */
  const post = async (url, data) => {
    let answer;
    try {
      answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token() },
        body: JSON.stringify(data),
      });
    } catch {
      throw new Error(words.offline);
    }
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) return body;
    const fields = Object.values(body.errors || {}).flat().join(" ");
    throw Object.assign(new Error(fields || body.message || words.failed), { status: answer.status });
  };

  return { ask, post, say, text, toast, token };
})();

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-confirm]");
  if (!form || form.dataset.confirmed) return;
  event.preventDefault();
  if (!await crm.ask(form.dataset.confirm, form.dataset.confirmLabel)) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(event.submitter);
  delete form.dataset.confirmed;
}, true);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set-theme]");
  if (!button) return;
  window.applyTheme(button.dataset.setTheme);
  document.cookie = `theme=${button.dataset.setTheme};path=/;max-age=31536000;samesite=lax`;
  for (const each of document.querySelectorAll("[data-set-theme]")) each.ariaPressed = String(each === button);
});

// a group of the menu folded or unfolded is so on the next page too
document.addEventListener("click", (event) => {
  const group = event.target.closest("summary")?.closest("[data-menu-group]");
  if (!group) return;
  const menu = group.closest("[data-folded]");
  const folded = new Set(menu.dataset.folded.split(".").filter(Boolean));
  folded[group.open ? "add" : "delete"](group.dataset.menuGroup);
  menu.dataset.folded = [...folded].join(".");
  document.cookie = `menu=${menu.dataset.folded};path=/;max-age=31536000;samesite=lax`;
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = crm.token();
});
document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  if (await crm.ask(event.detail.question)) event.detail.issueRequest(true);
});
document.addEventListener("htmx:responseError", (event) => {
  let message = crm.text("failed");
  try { message = JSON.parse(event.detail.xhr.responseText).message || message; } catch { /* not JSON: a page */ }
  crm.toast(message, true);
});
document.addEventListener("htmx:sendError", () => crm.toast(crm.text("offline"), true));

document.querySelector("[data-focus]")?.focus();
