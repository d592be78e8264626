// The board: cards moved by mouse, touch, keyboard or menu, saved at once, put back with the reason when refused.
(() => {
  const board = document.querySelector(".kanban[data-url]");
  if (!board) return;
  const editable = document.getElementById("move-menu") !== null;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const columns = () => [...board.querySelectorAll(".kcol")];
  const column = (node) => node.closest(".kcol");
  const list = (col) => col.querySelector(".klist");
  const cards = (col) => [...list(col).querySelectorAll(".kcard")];
  const title = (col) => col.querySelector("h2 .kcol-name, h2").textContent.trim();

  const count = (col, by) => {
    const n = col.querySelector(".n");
    n.dataset.count = Number(n.dataset.count ?? n.textContent.replace(/\D/g, "")) + by;
    n.textContent = Number(n.dataset.count).toLocaleString(document.documentElement.lang);
  };

  /** What a column's key stands for: a number, a word, or nothing. */
  const valueOf = (key) => (key === "none" ? null : /^\d+$/.test(key) ? Number(key) : key);

  /** Counts and totals as they are now, where the columns have totals. */
  const renewTotals = () => {
    if (board.dataset.totalsUrl) htmx.ajax("GET", board.dataset.totalsUrl, { source: board, swap: "none" });
  };

  /** Somebody else has moved the card: shows it as it is, where it is. */
  const renew = async (card) => {
    const answer = await fetch(board.dataset.cardUrl.replace(/0$/, card.dataset.id));
    if (!answer.ok) return;
    const box = document.createElement("template");
    box.innerHTML = await answer.text();
    const fresh = box.content.querySelector(".kcard");
    const from = column(card);
    const to = columns().find((col) => col.dataset.status === fresh.dataset.status);
    card.remove();
    count(from, -1);
    if (!to) return;
    list(to).prepend(fresh);
    count(to, 1);
    htmx.process(fresh);
  };

  /** Saves the place that a card has been put to; `back` undoes it on the page. */
  const save = async (card, from, back) => {
    const to = column(card);
    if (to === from) return;
    count(from, -1);
    count(to, 1);
    card.classList.add("is-saving");
    try {
      const answer = await crm.post(board.dataset.url.replace("%ID%", card.dataset.id), {
        type: board.dataset.type,
        value: valueOf(to.dataset.status),
        expected: valueOf(card.dataset.status),
      });
      if (answer.skipped?.length) throw new Error(answer.skipped[0].why);
      card.dataset.status = to.dataset.status;
      crm.say(crm.text("moved", card.dataset.name, title(to)));
      renewTotals();
    } catch (error) {
      back();
      count(from, 1);
      count(to, -1);
      crm.toast(crm.text("refused", card.dataset.name, error.message), true);
      if (error.status === 409) await renew(card);
    }
    card.classList.remove("is-saving");
  };

  /** Remembers where a card stands, and answers a function that puts it there again. */
  const place = (card) => {
    const parent = card.parentElement;
    const next = card.nextElementSibling;
    return () => parent.insertBefore(card, next?.parentElement === parent ? next : null);
  };

  // mouse and touch; a short hold on touch, so that the board still scrolls
  const drag = (node) => {
    let back = null;
    new Sortable(node, {
      group: "cards",
      draggable: ".kcard",
      filter: "button, input, .dropdown-menu",
      preventOnFilter: false,
      sort: false,
      animation: calm ? 0 : 150,
      delay: 180,
      delayOnTouchOnly: true,
      touchStartThreshold: 5,
      onStart: (event) => { back = place(event.item); },
      onEnd: (event) => save(event.item, column(event.from), back),
    });
  };
  if (editable) columns().forEach((col) => drag(list(col)));

  // keyboard: space takes and drops, arrows move, escape puts back
  let held = null;
  const drop = (keep) => {
    const { card, from, back } = held;
    held = null;
    card.classList.remove("grabbed");
    if (keep) {
      save(card, from, back);
    } else {
      back();
      crm.say(crm.text("cancelled", card.dataset.name));
    }
    card.focus();
  };
  const focusFrom = (card, key) => {
    const all = columns();
    const mine = cards(column(card));
    const at = mine.indexOf(card);
    if (key === "ArrowDown") return mine[at + 1];
    if (key === "ArrowUp") return mine[at - 1];
    const step = key === "ArrowRight" ? 1 : -1;
    for (let i = all.indexOf(column(card)) + step; all[i]; i += step) {
      const there = cards(all[i]);
      if (there.length && !all[i].classList.contains("is-folded")) return there[Math.min(at, there.length - 1)];
    }
    return null;
  };
  board.addEventListener("keydown", (event) => {
    const card = event.target;
    if (!card.matches?.(".kcard")) return;
    if (event.key === " " && editable) {
      event.preventDefault();
      if (held) return drop(true);
      held = { card, from: column(card), back: place(card) };
      card.classList.add("grabbed");
      return crm.say(crm.text("grabbed", card.dataset.name));
    }
    if (event.key === "Enter" && !held) return card.querySelector("a")?.click();
    if (event.key === "Escape" && held) { event.preventDefault(); return drop(false); }
    if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    if (!held) return focusFrom(card, event.key)?.focus();
    const all = columns();
    const next = all[all.indexOf(column(card)) + { ArrowRight: 1, ArrowLeft: -1 }[event.key]];
    if (!next) return;
    list(next).prepend(card);
    card.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    crm.say(crm.text("dropping", card.dataset.name, title(next)));
  });
  board.addEventListener("focusout", (event) => {
    if (held && event.target === held.card && event.relatedTarget && event.relatedTarget !== held.card) drop(false);
  });

  // "Move to …": one list of columns for all cards, put into a menu when it opens; folding
  document.addEventListener("show.bs.dropdown", (event) => {
    const menu = event.target.closest(".kcard")?.querySelector("[data-move-menu]");
    if (!menu) return;
    menu.replaceChildren(document.getElementById("move-menu").content.cloneNode(true));
    for (const item of menu.querySelectorAll("[data-move-to]")) {
      item.disabled = item.dataset.moveTo === column(menu).dataset.status;
    }
  });
  const folded = () => new Set(JSON.parse(localStorage.getItem("crm-folded") || "[]"));
  const fold = (col, on) => {
    col.classList.toggle("is-folded", on);
    const button = col.querySelector("[data-fold]");
    if (button) button.ariaExpanded = String(!on);
  };
  columns().forEach((col) => fold(col, folded().has(col.dataset.status)));
  board.addEventListener("click", (event) => {
    const move = event.target.closest("[data-move-to]");
    if (move) {
      const card = move.closest(".kcard");
      const from = column(card);
      const to = columns().find((col) => col.dataset.status === move.dataset.moveTo);
      const back = place(card);
      if (!to || to === from) return;
      list(to).prepend(card);
      save(card, from, back);
      card.focus();
    }
    const button = event.target.closest("[data-fold]");
    if (button) {
      const col = column(button);
      const names = folded();
      const on = !col.classList.contains("is-folded");
      names[on ? "add" : "delete"](col.dataset.status);
      localStorage.setItem("crm-folded", JSON.stringify([...names]));
      fold(col, on);
    }
  });
})();
