// The search box of every page: Ctrl-K opens it, arrows choose, Enter goes, Escape closes. What is typed goes to the
// page's own server and comes back as a list; the newest answer is the one that is shown.
const WAIT_MS = 120;
const isAway = () => document.documentElement.hasAttribute("data-away");
let box; // the one box of the tab, with what the newest run of the page told it

export default function show({ data, parentElement, setTriggerValue }) {
  box ??= build();
  Object.assign(box, { words: data.words, send: setTriggerValue });
  if (box.button.parentElement !== parentElement) parentElement.append(box.button, box.dialog);
  box.button.title = `${data.words.open} (Ctrl-K)`;
  box.button.setAttribute("aria-label", data.words.open);
  box.field.placeholder = data.words.hint;
  box.field.setAttribute("aria-label", data.words.open);
  box.list.setAttribute("aria-label", data.words.open);
  box.close.setAttribute("aria-label", data.words.close);
  if (data.asked !== null && data.asked === box.field.value.trim()) fill(data.hits);
}

function build() {
  const [button, dialog, field, close, list, told] = ["button", "dialog", "input", "button", "ul", "p"].map((name) =>
    document.createElement(name));
  const made = { button, dialog, field, close, list, told, at: -1 };
  button.type = close.type = "button";
  button.className = "rb-search-open";
  button.innerHTML = '<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path d="M8.5 3a5.5 5.5 0 1 0 0 11' +
    'a5.5 5.5 0 0 0 0-11m4 9.5 4.5 4.5" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/></svg>';
  button.setAttribute("aria-keyshortcuts", "Control+K");
  dialog.className = "rb-search";
  close.className = "rb-search-close";
  close.textContent = "×";
  Object.assign(field, { type: "text", autocomplete: "off", spellcheck: false, maxLength: 80 });
  list.id = "rb-search-list";
  list.setAttribute("role", "listbox");
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");
  told.setAttribute("role", "status");
  dialog.append(field, close, told, list);
  button.onclick = open;
  close.onclick = () => dialog.close();
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  field.oninput = ask;
  field.onkeydown = steer;
  list.onclick = choose;
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    if (!box.button.isConnected) return;
    event.preventDefault();
    if (dialog.open) dialog.close(); else open();
  });
  return made;
}

function open() {
  box.field.value = "";
  fill([]);
  box.dialog.showModal();
  box.field.focus();
}

function ask() {
  clearTimeout(box.wait);
  const asked = box.field.value.trim();
  if (!asked || isAway()) return fill([]);
  box.wait = setTimeout(() => box.send("asked", asked), WAIT_MS);
}

// The list of what was found; without any it is said why there is none.
function fill(hits) {
  box.at = hits.length ? 0 : -1;
  box.list.replaceChildren(...hits.map((hit, number) => {
    const row = document.createElement("li");
    row.id = `rb-search-${number}`;
    row.setAttribute("role", "option");
    const link = document.createElement("a");
    link.href = hit.address;
    link.tabIndex = -1;
    for (const [name, text] of [["b", hit.name], ["span", hit.where], ["small", hit.kind]]) {
      const part = document.createElement(name);
      part.textContent = text;
      link.append(part, " ");
    }
    row.append(link);
    return row;
  }));
  const asked = box.field.value.trim();
  box.told.textContent = isAway() ? box.words.away
    : hits.length || !asked ? (asked ? "" : box.words.hint) : box.words.none.replace("{asked}", asked);
  box.field.setAttribute("aria-expanded", String(hits.length > 0));
  mark();
}

function mark() {
  [...box.list.children].forEach((row, number) => row.setAttribute("aria-selected", String(number === box.at)));
  const here = box.list.children[box.at];
  if (here) {
    box.field.setAttribute("aria-activedescendant", here.id);
    here.scrollIntoView({ block: "nearest" });
  } else box.field.removeAttribute("aria-activedescendant");
}

function steer(event) {
  const last = box.list.children.length - 1;
  if (event.key === "Enter" && box.at >= 0) return go(box.at);
  if (last < 0 || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  box.at = event.key === "ArrowDown" ? (box.at === last ? 0 : box.at + 1) : (box.at <= 0 ? last : box.at - 1);
  mark();
}

function choose(event) {
  const row = event.target.closest("li");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return; // a new tab, as anywhere
  event.preventDefault();
  go([...box.list.children].indexOf(row));
}

function go(number) {
  box.dialog.close();
  box.send("chosen", number);
}
