// Shows markup that Python made and escaped; a plain click on one of its links tells the page, without loading it anew.
export default function show({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(":scope > .rb-linked") ?? document.createElement("div");
  if (!box.parentElement) {
    box.className = "rb-linked";
    parentElement.append(box);
  }
  if (box.shown !== data.markup) {
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset.go : null;
    box.innerHTML = box.shown = data.markup;
    if (focused !== null) [...box.querySelectorAll("a[data-go]")].find((one) => one.dataset.go === focused)?.focus();
  }
  box.onclick = (event) => {
    const link = event.target.closest("a[data-go]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // a new tab, as anywhere
    event.preventDefault();
    setTriggerValue("followed", link.dataset.go);
  };  box.onkeydown = (event) => walk(event);
  box.onfocusin = (event) => {
    const here = event.target.closest("[data-grid] a");
    here?.closest("[data-grid]").querySelectorAll("a[tabindex='0']").forEach((one) => (one.tabIndex = -1));
    if (here) here.tabIndex = 0;
  };
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
