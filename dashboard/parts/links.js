// Shows markup that Python made and escaped; a plain click on one of its links, or a change of one of its controls,
// tells the page, without loading it anew.
//
// A control never stands at something else than the figures around it: without a connection it is locked, and a choice
// that the page did not answer before the connection went is sent again when it is back.
//
// A slider plays at the pace of the page: the next value is sent when the one before stands, and any other choice, the
// button itself, Escape, the last value or a lost connection ends it. Who asked for less motion gets a value per press.
// However many values it plays, the browser's history gets one entry: back leads to what stood before the play.
const PACE_MS = 900;

let playing = ""; // the name of the slider that plays; the page may put it in a new place between two values
let oneEntry = ""; // its name while it plays on: the address of a value takes the place of the one before
const push = window.history.pushState.bind(window.history);
window.history.pushState = (...entry) => (isNextValue(entry[2]) ? window.history.replaceState(...entry) : push(...entry));

// Only the slider's own field of the address may differ: whatever else changes meanwhile is an entry of its own.
function isNextValue(address) {
  if (!oneEntry || !address) return false;
  const [now, next] = [location.href, address].map((one) => new URL(one, location.href));
  if (now.pathname !== next.pathname) playing = oneEntry = ""; // another page: nothing plays on
  for (const { searchParams } of [now, next]) {
    searchParams.delete(oneEntry);
    searchParams.sort();
  }
  return now.href === next.href;
}

export default function show({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(":scope > .rb-linked") ?? document.createElement("div");
  if (!box.parentElement) {
    box.className = "rb-linked";
    parentElement.append(box);
  }
  if (box.shown !== data.markup) {
    const focused = box.contains(document.activeElement) ? identity(document.activeElement) : null;
    box.innerHTML = box.shown = data.markup;
    box.unanswered = "";
    if (!playing) oneEntry = ""; // the answer came after the play was stopped
    if (focused !== null) [...box.querySelectorAll("a, input, select, button")].find((one) => identity(one) === focused)?.focus();
  }
  const send = (choice, isPlayedOn = false) => {
    oneEntry = isPlayedOn ? playing : "";
    if (isAway()) return settle(box);
    setTriggerValue("followed", (box.unanswered = choice));
    window.dispatchEvent(new CustomEvent("risicobeeld:choice", { detail: choice })); // the map need not wait
  };
  box.send = send;
  settle(box);
  if (isPlaying(box) && document.activeElement === document.body) box.querySelector("button[data-start]").focus({ preventScroll: true });
  if (isPlaying(box) && !box.unanswered) goOn(box);
  else showPlaying(box);
  box.onclick = (event) => {
    if (event.target.closest("button[data-start]")) return turn(box);
    const link = event.target.closest("a[data-go]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // a new tab, as anywhere
    event.preventDefault();
    stop(box);
    send(link.dataset.go);
  };
  box.onchange = (event) => {
    stop(box);
    send(chosen(event.target).dataset.go);
  };
  box.oninput = (event) => event.target.type === "range" && say(event.target);
  box.onkeydown = (event) => (event.key === "Escape" ? stop(box) : walk(event));
  box.onfocusin = (event) => {
    const here = event.target.closest("[data-grid] a");
    here?.closest("[data-grid]").querySelectorAll("a[tabindex='0']").forEach((one) => (one.tabIndex = -1));
    if (here) here.tabIndex = 0;
  };
  box.onConnection ??= ({ detail }) => {
    if (!detail.isThere) stop(box);
    if (detail.isThere && box.unanswered) box.send(box.unanswered);
    settle(box);
  };
  window.removeEventListener("risicobeeld:connection", box.onConnection); // a page that is drawn anew listens once
  window.addEventListener("risicobeeld:connection", box.onConnection);
  return () => {
    clearTimeout(box.timer);
    window.removeEventListener("risicobeeld:connection", box.onConnection);
  };
}

const isPlaying = (box) => playing !== "" && box.querySelector("input[type=range]")?.name === playing;

function turn(box) {
  if (isPlaying(box)) return stop(box);
  const slider = box.querySelector("input[type=range]");
  playing = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "" : slider.name;
  step(box, slider.value === slider.max ? 0 : Number(slider.value) + 1);
}

function step(box, value, isPlayedOn = false) {
  const slider = box.querySelector("input[type=range]");
  slider.value = value;
  say(slider);
  box.send(chosen(slider).dataset.go, isPlayedOn);
  showPlaying(box);
}

// The value before stands: wait until it was seen, and take the next one.
function goOn(box) {
  const slider = box.querySelector("input[type=range]");
  if (!slider || isAway() || slider.value === slider.max) return stop(box);
  showPlaying(box);
  clearTimeout(box.timer);
  box.timer = setTimeout(() => isPlaying(box) && step(box, Number(slider.value) + 1, true), PACE_MS);
}

function stop(box) {
  playing = "";
  if (!box.unanswered) oneEntry = "";
  clearTimeout(box.timer);
  showPlaying(box);
}

function showPlaying(box) {
  const button = box.querySelector("button[data-start]");
  if (!button) return;
  button.setAttribute("aria-label", isPlaying(box) ? button.dataset.stop : button.dataset.start);
  button.title = button.getAttribute("aria-label");
  button.toggleAttribute("data-playing", isPlaying(box));
}

const isAway = () => document.documentElement.hasAttribute("data-away");

// Lock what cannot be answered now, and put back what nobody waits for.
function settle(box) {
  for (const control of box.querySelectorAll("input, select, button")) {
    control.disabled = isAway();
    if (control.type === "button") continue;
    if (box.unanswered && !isAway()) continue;
    if (control.type === "select-one") [...control.options].forEach((one) => (one.selected = one.defaultSelected));
    else if (control.type === "range") control.value = control.defaultValue;
    else control.checked = control.defaultChecked;
    if (control.type === "range") say(control);
  }
}

const identity = (one) => `${one.name ?? ""} ${one.type === "range" ? "" : one.dataset.go ?? ""}`;

// What a control stands at carries the change in data-go, as a link does; a switch that is off carries it in data-off.
function chosen(control) {
  if (control.type === "select-one") return control.selectedOptions[0];
  if (control.type === "range") return control.list.options[control.value];
  return control.type === "checkbox" && !control.checked ? { dataset: { go: control.dataset.off } } : control;
}

function say(slider) {
  const words = chosen(slider).label;
  slider.setAttribute("aria-valuetext", words);
  slider.parentElement.querySelector("output").textContent = words;
}

// In a table with data-grid only one link is in the order of the tab key; arrows, Home and End lead to the others.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function walk(event) {
  const cell = event.target.closest("[data-grid] a")?.closest("td, th");
  if (!cell) return;
  const row = cell.parentElement;
  const rows = [...row.closest("table").rows];
  const [down, right] = STEPS[event.key] ?? [0, 0];
  let to = rows[row.rowIndex + down]?.cells[cell.cellIndex + right];
  if (event.key === "Home") to = row.cells[0];
  if (event.key === "End") to = row.cells[row.cells.length - 1];
  const link = to !== cell && to?.querySelector("a");
  if (!link) return;
  event.preventDefault();
  link.focus();
}
