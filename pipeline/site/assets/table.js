// Search, sort, all rows and evidence at hand, for tables whose rows are there without it.
// Every text of the portal's goes through textContent; the words are the page's own.

for (const box of document.querySelectorAll("[data-table]")) enhance(box);

function enhance(box) {
  const words = box.dataset, table = box.querySelector("table"), body = table.tBodies[0];
  const language = words.language, collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const format = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const figures = new Intl.NumberFormat(language, { maximumFractionDigits: 20 });

  const tools = make("div", { className: "tools" });
  const label = make("label", { textContent: words.search });
  const search = label.appendChild(make("input", { type: "search", autocomplete: "off", spellcheck: false }));
  const status = make("p", {});
  status.setAttribute("role", "status");
  tools.append(label, status);
  box.prepend(tools);

  const plain = text => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[’‘ʼ]/g, "'").replace(/[‐‑–—]/g, "-").replace(/œ/g, "oe").replace(/æ/g, "ae");
  let timer;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 120); });

  function filter() {
    const asked = plain(search.value.trim()).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      row.said ??= plain([...row.cells].slice(0, columns).map(cell => cell.textContent).join(" "));
      row.hidden = !asked.every(word => row.said.includes(word));
      shown += !row.hidden;
    }
    const values = { shown: figures.format(shown), rows: figures.format(body.rows.length) };
    status.textContent = !asked.length ? "" : shown ? format(words.shown, values) : words.none;
  }

  const heads = [...table.tHead.rows[0].cells].filter(head => head.dataset.name), columns = heads.length;
  heads.forEach((head, place) => {
    const button = make("button", { type: "button", textContent: head.textContent });
    head.replaceChildren(button);
    button.addEventListener("click", () => sort(place, head));
  });

  function sort(place, head) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const figure = head.classList.contains("figure"), value = cell => figure ? cell.dataset.value : cell.textContent;
    const compare = (one, two) => figure ? Number(one) - Number(two) : collator.compare(one, two);
    const rows = [...body.rows].map(row => [value(row.cells[place]), row]);
    rows.sort(([one], [two]) => {
      if (!one || !two) return !one - !two; // what is missing is last, whichever way
      return down ? compare(two, one) : compare(one, two);
    });
    body.append(...rows.map(([, row]) => row));
  }

  if (words.json) {
    const button = make("button", { type: "button", textContent: words.all });
    tools.append(button);
    button.addEventListener("click", async () => {
      button.disabled = true;
      status.textContent = words.loading;
      try {
        const answer = await fetch(words.json);
        if (!answer.ok) throw new Error(answer.status);
        body.append(...(await answer.json()).slice(body.rows.length).map(row)); // in the order of the key, as the page has them
        for (const head of heads) head.removeAttribute("aria-sort");
        box.querySelector(".part")?.remove();
        button.remove();
        filter();
      } catch {
        status.textContent = words.failed;
        button.disabled = false;
      }
    });
  }

  function row(values) {
    const line = make("tr", {});
    heads.forEach((head, place) => {
      const cell = make(place ? "td" : "th", {}), value = values[head.dataset.name];
      if (!place) cell.scope = "row";
      if (head.classList.contains("figure")) {
        cell.className = "figure";
        if (value !== null) cell.dataset.value = value;
      }
      const written = typeof value === "number" && (!Number.isInteger(value) || Math.abs(value) >= 10000);
      cell.textContent = value === null ? "" : written ? figures.format(value) : String(value);
      line.append(cell);
    });
    if (table.tHead.rows[0].cells.length > columns) line.append(make("td", { className: "proofs" }));
    return line;
  }

  body.addEventListener("click", event => {
    const link = event.target.closest("a.evidence");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    evidence(link, words);
  });
}

const proofs = new Map(); // of each page asked for, once

async function evidence(link, words) {
  const page = link.href.split("#")[0];
  try {
    if (!proofs.has(page)) {
      const answer = await fetch(page);
      if (!answer.ok) throw new Error(answer.status);
      proofs.set(page, new DOMParser().parseFromString(await answer.text(), "text/html"));
    }
    const found = proofs.get(page).getElementById(link.hash.slice(1));
    if (!found) throw new Error(link.hash);
    show(found, link, words);
  } catch {
    location.href = link.href; // the page says the same
  }
}

function show(found, link, words) {
  const dialog = make("dialog", { id: "preuve" }), title = make("h2", { id: "titre-preuve", textContent: words.where });
  const close = make("button", { type: "button", textContent: words.close });
  const proof = document.importNode(found, true), name = proof.querySelector("h2");
  name.replaceWith(make("p", { textContent: name.textContent }));
  proof.removeAttribute("aria-labelledby");
  proof.removeAttribute("id");
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.append(title, proof, close);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  document.body.append(dialog);
  dialog.showModal();
}

function make(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
