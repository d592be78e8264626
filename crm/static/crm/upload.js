// Files dragged onto a client's card, or chosen in its Files tab, sent one after the other with their progress.
(() => {
  const place = document.getElementById("uploads");
  if (!place) return;
  const list = place.querySelector("ul"), veil = place.querySelector(".crm-drop");
  const { url, client, limit } = place.dataset;
  const text = JSON.parse(place.querySelector("script").textContent);
  const queue = [];
  let busy = false, done = 0;

  /** A line with the file's name, its progress, and what became of it. */
  const line = (file) => {
    const item = list.appendChild(place.querySelector("template").content.firstElementChild.cloneNode(true));
    item.querySelector("[data-name]").textContent = file.name;
    item.querySelector("progress").ariaLabel = file.name;
    item.querySelector("button").onclick = () => { item.abort?.(); item.remove(); };
    return item;
  };

  const fail = (item, message) => {
    item.classList.add("is-error");
    item.querySelector("progress").remove();
    item.querySelector("[data-state]").textContent = message;
    crm.say(`${item.querySelector("[data-name]").textContent}: ${message}`);
  };

  const message = (answer) => {
    try {
      const body = JSON.parse(answer);
      return Object.values(body.errors || {}).flat().join(" ") || body.message || crm.text("failed");
    } catch { return crm.text("failed"); }
  };

  /** Sends one file; resolves when it is there, refused or given up. */
  const send = ({ file, item }) => new Promise((resolve) => {
    if (!item.isConnected) return resolve();
    if (file.size > limit) { fail(item, text.large); return resolve(); }
    const request = new XMLHttpRequest(), form = new FormData(), bar = item.querySelector("progress");
    form.append("client", client);
    form.append("file", file);
    item.abort = () => request.abort();
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = 100 * event.loaded / event.total;
      item.querySelector("[data-state]").textContent = event.loaded < event.total ? `${Math.floor(bar.value)} %` : text.checking;
    };
    request.onload = () => {
      if (request.status !== 201) { fail(item, message(request.responseText)); return; }
      done += 1;
      item.remove();
      crm.say(`${file.name}: ${text.added}`);
    };
    request.onerror = () => fail(item, crm.text("offline"));
    request.onloadend = resolve;
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", crm.token());
    request.setRequestHeader("Accept", "application/json");
    request.send(form);
  });

  const work = async () => {
    if (busy) return;
    busy = true;
    while (queue.length) await send(queue.shift());
    busy = false;
    if (done) show();
  };

  /** Opens the Files tab anew, unless that would lose what somebody is typing. */
  const show = () => {
    const typing = [...document.querySelectorAll("#card-tab :is(textarea, input:not([type=hidden], [type=file]))")]
      .some((field) => field.value !== field.defaultValue);
    crm.toast(text.several.replace("{0}", done));
    done = 0;
    const tab = document.querySelector("#card-tabs [hx-get$='/files']");
    if (!typing && tab) tab.click();
  };

  const add = (files) => {
    for (const file of files) queue.push({ file, item: line(file) });
    work();
  };

  const carries = (event) => [...event.dataTransfer?.types || []].includes("Files") && !event.target.closest?.("input[type=file]");
  document.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) veil.hidden = true; });
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    veil.hidden = true;
    add(event.dataTransfer.files);
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-upload-files]")) return;
    add([...event.target.files]);
    event.target.value = "";
  });
  addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });
})();
