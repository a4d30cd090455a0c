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
  };
}
