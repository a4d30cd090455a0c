// Around every page: its language, the bar that says that the connection is lost, and the menu of a telephone.
const RELOAD_AFTER_MS = 20_000;
const root = document.documentElement;
const app = () => document.querySelector("[data-testid=stApp]");
const isThere = () => navigator.onLine && (app()?.dataset.testConnectionState ?? "CONNECTED") === "CONNECTED";
const isRunning = () => (app()?.dataset.testScriptState ?? "notRunning") !== "notRunning";

let words, bar, live, drawAgain; // of the newest message of the page
let drawn = new Date();
let state = "there"; // "away" without a connection; "asking" and "drawing" until the page stands as the server has it

export default function show({ data, setTriggerValue }) {
  words = data;
  drawAgain = () => setTriggerValue("again", Date.now());
  root.lang = words.language;
  if (bar) return;
  bar = document.createElement("div");
  bar.className = "rb-lost";
  bar.setAttribute("role", "alert");
  bar.hidden = true;
  document.body.append(bar);
  new MutationObserver(look).observe(document.body, {
    subtree: true, attributeFilter: ["data-test-connection-state", "data-test-script-state"],
  });
  ["online", "offline"].forEach((name) => window.addEventListener(name, look));
  closeMenuAsPeopleExpect();
  live = document.createElement("div");
  live.className = "rb-unseen";
  live.setAttribute("aria-live", "polite");
  document.body.append(live);
  new MutationObserver((changes) => changes.forEach(({ addedNodes }) => addedNodes.forEach(read))).observe(document.body, {
    subtree: true, childList: true,
  });
  read(document.body);
  look();
}

// Back on a server that was started anew nothing on the page is known there: only a whole run makes the page true.
function look() {
  if (!isThere()) return become("away");
  if (state === "there" && !isRunning()) drawn = new Date();
  if (state === "away") {
    become("asking");
    drawAgain();
    setTimeout(() => state === "asking" && location.reload(), RELOAD_AFTER_MS);
  } else if (state === "asking" && isRunning()) become("drawing");
  else if (state === "drawing" && !isRunning()) become("there");
}

// Whoever has controls listens to "risicobeeld:connection"; the attribute says how it is now.
function become(next) {
  const wasAway = state !== "there";
  state = next;
  const isAway = state !== "there";
  if (isAway === wasAway) return;
  const clock = drawn.toLocaleTimeString(words.language, { hour: "2-digit", minute: "2-digit" });
  bar.textContent = isAway ? words.lost.replace("{time}", clock) : "";
  bar.hidden = !isAway;
  root.toggleAttribute("data-away", isAway);
  window.dispatchEvent(new CustomEvent("risicobeeld:connection", { detail: { isThere: !isAway } }));
}

// What was drawn: the reasons of another choice are said aloud, and the frame's own English words are put in the
// reader's language.
function read(node) {
  if (node.nodeType === Node.TEXT_NODE) return translate(node);
  if (node.nodeType !== Node.ELEMENT_NODE || node === live) return;
  const why = node.matches(".rb-why") ? node : node.querySelector(".rb-why");
  const told = why && [...why.querySelectorAll("h3, p")].slice(0, 3).map((one) => one.textContent).join(". ");
  if (told && told !== lastTold) {
    if (lastTold) live.textContent = told;
    lastTold = told;
  }
  if (!Object.keys(words.builtin).length) return;
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) translate(texts.currentNode);
  for (const field of node.querySelectorAll("[placeholder]")) {
    const known = words.builtin[field.placeholder];
    if (known) field.placeholder = known;
  }
}

let lastTold = "";

function translate(text) {
  const told = text.nodeValue.trim();
  const more = /^(\d+) more$/.exec(told); // pages for which the bar has no room
  const known = more && words.builtin.more ? words.builtin.more.replace("{n}", more[1]) : words.builtin[told];
  if (known) text.nodeValue = known;
}

// On a narrow screen the menu closes when a page is chosen, and by Escape.
function closeMenuAsPeopleExpect() {
  const close = () => {
    const menu = document.querySelector("[data-testid=stSidebar][data-collapsed=false]");
    if (menu && matchMedia("(max-width: 768px)").matches) {
      menu.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
    }
  };
  document.addEventListener("click", (event) => event.target.closest("[data-testid=stSidebarNavLink]") && setTimeout(close));
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
}
