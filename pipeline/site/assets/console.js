// The page that answers SQL: a query, its result as a table and as CSV. DuckDB is loaded with the first query.

const SHOWN = 1_000; // rows in the page
const KEPT = 100_000; // rows of a result, which the CSV has

const section = document.querySelector("[data-console]");
const part = (name) => section.querySelector(`[data-${name}]`);
const words = JSON.parse(section.querySelector("script").textContent);
const [query, run, stop] = [section.querySelector("textarea"), part("run"), part("stop")];
const [status, fault, result, csv] = [part("status"), part("fault"), part("result"), part("csv")];
const guarded = new RegExp(words.guarded, "g");
const number = (count) => count.toLocaleString(document.documentElement.lang);

let engine = null;
let starting = null;
let asked = 0; // which query is the last one; what an earlier one still says is not shown

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const say = (text) => { status.textContent = text; };

async function answer() {
  const mine = ++asked;
  const current = () => mine === asked;
  clear();
  occupy(true);
  try {
    await ready(current);
    if (!current()) return;
    say(words.running);
    const found = await engine.run(query.value, KEPT);
    if (current()) show(found);
  } catch (error) {
    if (current()) failed(error, engine ? words.failed : words.not_loaded);
  } finally {
    if (current()) occupy(false);
  }
}

async function ready(current) {
  if (engine) return;
  say(words.loading);
  const { Engine } = await import(`./engine.js${new URL(import.meta.url).search}`);
  if (!current()) return;
  starting = new Engine();
  const own = starting;
  const [folder, address] = [section.dataset.duckdb, section.dataset.database].map((to) => new URL(to, document.baseURI));
  await own.start(folder, address, () => current() && say(words.opening));
  if (current()) engine = own;
}

function halt() {
  if (!busy()) return;
  asked += 1;
  (engine ?? starting)?.stop();
  engine = starting = null;
  occupy(false);
  say(words.stopped);
  query.focus();
}

function busy() {
  return section.getAttribute("aria-busy") === "true";
}

/** A button that cannot be used keeps the focus it may have: `disabled` would take it away. */
function occupy(now) {
  run.setAttribute("aria-disabled", String(now));
  stop.setAttribute("aria-disabled", String(!now));
  section.setAttribute("aria-busy", String(now));
}

function clear() {
  if (csv.href) URL.revokeObjectURL(csv.href);
  csv.removeAttribute("href");
  csv.hidden = result.hidden = fault.hidden = true;
  fault.textContent = "";
  result.querySelector("thead").replaceChildren();
  result.querySelector("tbody").replaceChildren();
}

function failed(error, word) {
  fault.textContent = fill(word, { message: error.message });
  fault.hidden = false;
  say("");
}

function show({ columns, rows, more }) {
  if (!columns.length) return say(words.done);
  const head = document.createElement("tr");
  head.append(...columns.map(heading));
  result.querySelector("thead").replaceChildren(head);
  result.querySelector("tbody").replaceChildren(...rows.slice(0, SHOWN).map((row) => line(columns, row)));
  result.hidden = csv.hidden = false;
  result.scrollTo(0, 0);
  csv.href = URL.createObjectURL(new Blob([written(columns, rows)], { type: "text/csv;charset=utf-8" }));
  const word = more ? words.rows_kept : rows.length > SHOWN ? words.rows_shown : words.rows;
  say(fill(word, { rows: number(rows.length), shown: number(SHOWN) }));
}

function heading({ name, type, figure }) {
  const cell = element("th", name, figure && "figure");
  cell.scope = "col";
  cell.append(element("small", type));
  return cell;
}

function line(columns, row) {
  const made = document.createElement("tr");
  made.append(...row.map((value, at) => element("td", value ?? "NULL", value === null ? "null" : columns[at].figure && "figure")));
  return made;
}

function element(tag, text, name) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

/** A result as a release's CSV files are written: empty for null, an apostrophe before what a spreadsheet would run. */
function written(columns, rows) {
  const lines = [columns.map(({ name }) => field(name)), ...rows.map((row) => row.map((value, at) => field(value, columns[at].figure)))];
  return lines.map((cells) => `${cells.join(",")}\n`).join("");
}

function field(value, figure = false) {
  if (value === null) return "";
  const safe = figure ? value : value.replace(guarded, words.guard);
  return safe === "" || /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function attempt(button) {
  query.value = button.closest(".example").querySelector("code").textContent;
  query.focus();
  halt();
  answer();
}

run.addEventListener("click", () => busy() || answer());
stop.addEventListener("click", halt);
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!busy()) answer();
  }
});
for (const button of document.querySelectorAll("[data-try]")) {
  button.hidden = false;
  button.addEventListener("click", () => attempt(button));
}
document.querySelector("[data-without-script]").hidden = true;
document.querySelector("[data-with-script]").hidden = false;
section.hidden = false;
const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (named instanceof HTMLDetailsElement) named.open = true;
