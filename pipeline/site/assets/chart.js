// What a mark says, on hover and on focus; series told apart by their legend. Without this the drawing and its table
// say everything.

const MARKS = '[role="graphics-symbol"][aria-label]';
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function tip(drawing) {
  const box = document.createElement("div");
  box.className = "chart-tip";
  box.hidden = true;
  box.setAttribute("aria-hidden", "true"); // the mark that has the focus says the same
  drawing.append(box);
  return box;
}

function show(drawing, box, mark) {
  box.textContent = mark.getAttribute("aria-label");
  box.hidden = false;
  const frame = drawing.getBoundingClientRect();
  const at = mark.getBoundingClientRect();
  const left = at.left + at.width / 2 - box.offsetWidth / 2 - frame.left;
  const above = at.top - frame.top - box.offsetHeight - 22; // above the figure on the mark
  box.style.left = `${Math.max(0, Math.min(left, frame.width - box.offsetWidth))}px`;
  box.style.top = `${above < 0 ? Math.min(at.top - frame.top + 4, frame.height - box.offsetHeight) : above}px`;
}

function explore(drawing, svg) {
  const marks = [...svg.querySelectorAll(MARKS)];
  if (!marks.length) return;
  const box = tip(drawing);
  svg.setAttribute("role", "group"); // an image has nothing in it that takes the focus
  marks.forEach((mark, place) => mark.setAttribute("tabindex", place ? "-1" : "0"));
  svg.addEventListener("pointerover", (event) => {
    const mark = event.target.closest(MARKS);
    if (mark) show(drawing, box, mark);
  });
  drawing.addEventListener("pointerleave", () => { box.hidden = true; });
  // On the drawing: an svg with such listeners of its own would take the focus itself.
  drawing.addEventListener("focusin", (event) => {
    if (event.target.matches(MARKS)) show(drawing, box, event.target);
  });
  drawing.addEventListener("focusout", () => { box.hidden = true; });
  svg.addEventListener("keydown", (event) => {
    const place = marks.indexOf(event.target);
    const end = { Home: 0, End: marks.length - 1 }[event.key];
    const next = marks[end ?? place + STEPS[event.key]];
    if (place < 0 || !next) return;
    event.preventDefault();
    event.target.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") box.hidden = true;
  });
}

const series = (element) => element.getAttribute("class")?.match(/chart-(?:fill|line)-(\d)/)?.[1];

function choose(svg) {
  const entries = [...svg.querySelectorAll(".chart-legend path")].filter(series).map((path) => path.parentNode);
  if (entries.length < 2) return;
  const drawn = [...svg.querySelectorAll("path, line")].filter((one) => series(one) && !one.closest(".chart-legend"));
  const toggle = (entry) => {
    const chosen = entry.getAttribute("aria-pressed") !== "true";
    entries.forEach((one) => one.setAttribute("aria-pressed", String(chosen && one === entry)));
    const wanted = series(entry.querySelector("path"));
    drawn.forEach((one) => one.classList.toggle("chart-faint", chosen && series(one) !== wanted));
  };
  for (const entry of entries) {
    const set = { role: "button", tabindex: "0", "aria-pressed": "false", "aria-label": entry.textContent };
    Object.entries(set).forEach(([name, value]) => entry.setAttribute(name, value));
    entry.addEventListener("click", () => toggle(entry));
    entry.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      toggle(entry);
    });
  }
}

for (const drawing of document.querySelectorAll(".chart-drawing")) {
  const svg = drawing.querySelector("svg");
  explore(drawing, svg);
  choose(svg);
}
