// Around every page: its language, the bar that says that the connection is lost, and the menu of a telephone.
const RELOAD_AFTER_MS = 20_000;
const BEAT_MS = 1_000; // with the patience: a lost connection is said within two seconds
const PATIENCE_MS = 850;
const BUSY_MS = 4_000; // the most patience, for a server that is at work or was slow before
const IDLE_AFTER_MS = 180_000;
const IDLE_BEAT_MS = 5_000;
const LONG_SILENCE_MS = 20_000;
const ASKED = "risicobeeld-asked";
const address = () => location.pathname + location.search;
const landed = address();
const isAskedWho = () => Boolean(document.querySelector(".rb-asks"));
let asked = sessionStorage.getItem(ASKED) ?? "";
const root = document.documentElement;
const app = () => document.querySelector("[data-testid=stApp]");
const isThere = () => navigator.onLine && (app()?.dataset.testConnectionState ?? "CONNECTED") === "CONNECTED";
const isRunning = () => (app()?.dataset.testScriptState ?? "notRunning") !== "notRunning";

// A sheet of A4 less its margins and a few lines that break otherwise on paper, and how wide a page is laid out before
// it is shrunk to that.
const PAPER = { landscape: [1054, 685], portrait: [725, 1015] };
const LAYOUTS = [["landscape", 1400], ["landscape", 1700], ["portrait", 1200], ["portrait", 1450]];
const SMALLEST = 0.45;
const SLACK = 8; // pixels by which paper breaks lines otherwise than the screen that was measured

let words, bar, live, drawAgain; // of the newest message of the page
let drawn = new Date();
let state = "there"; // "away" without a connection; "asking" and "drawing" until the page stands as the server has it
let touched = Date.now(), wake = () => {}; // who comes back to an idle tab hears at once how it is
let slowest = 0; // of the latest answers to a beat
let silentSince = 0; // since when no beat came back on a line that nobody closed: a cable that is out, a dead tunnel

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
  document.addEventListener("click", () => isAskedWho() && sessionStorage.setItem(ASKED, address()), { capture: true });
  window.addEventListener("beforeprint", layOutForPaper);
  window.addEventListener("afterprint", backToScreen);
  ["pointermove", "pointerdown", "keydown", "focus"].forEach((name) => window.addEventListener(name, () => {
    touched = Date.now();
    wake();
  }, { capture: true, passive: true }));
  setTimeout(beat, BEAT_MS);
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
  if (state === "there" && !isRunning()) {
    drawn = new Date();
    leadOn();
  }
  if (state === "away") {
    become("asking");
    drawAgain();
    setTimeout(() => state === "asking" && location.reload(), RELOAD_AFTER_MS);
  } else if (state === "asking" && isRunning()) become("drawing");
  else if (state === "drawing" && !isRunning()) become("there");
}

// Who signs in comes back at the first page, whatever page was asked for: the tab remembers that one meanwhile. Who has
// gone elsewhere before the first page stood, or came by another address, is left there.
function leadOn() {
  if (isAskedWho()) return;
  const isToGo = asked && asked !== landed && landed.endsWith("/") && address() === landed;
  const way = location.origin + asked;
  asked = "";
  sessionStorage.removeItem(ASKED);
  if (!isToGo) return;
  history.replaceState({}, "", way);
  window.dispatchEvent(new PopStateEvent("popstate"));
}

// A socket does not notice that the network is silently gone; a small question of its own does. A hidden tab asks
// nothing, and one that nobody touches asks less often: a hundred tabs in use cost a server a few hundredths of a core.
// Silence locks no control: the line may be there still, and then what was chosen arrives after all.
async function beat() {
  const began = Date.now();
  if (!document.hidden && state === "there") {
    const patience = isRunning() ? BUSY_MS : Math.min(BUSY_MS, Math.max(PATIENCE_MS, 1.5 * slowest));
    const asked = answers();
    let isHeard = await Promise.race([asked, pause(patience)]);
    if (isHeard === false && !silentSince) { // what fails at once gets the time of what does not answer
      await pause(patience - (Date.now() - began));
      isHeard = await Promise.race([answers(), pause(patience)]);
    }
    if (!isHeard && !document.hidden) {
      silentSince ||= began;
      tell();
      isHeard ||= await asked; // late is not lost: the next beat is given more time
    }
    if (isHeard) slowest = Math.max(Math.min(Date.now() - began, patience), 0.8 * slowest);
    if (document.hidden || isHeard) hear();
  }
  const isUsed = Date.now() - touched < IDLE_AFTER_MS;
  const rest = pause((isUsed ? BEAT_MS : IDLE_BEAT_MS) - (Date.now() - began));
  await (isUsed ? rest : Promise.race([rest, new Promise((done) => (wake = done))]));
  beat();
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function answers() {
  try { // a redirect or a refusal is an answer too; 502 and above come from a proxy that finds no server
    const signal = AbortSignal.timeout(BUSY_MS);
    return (await fetch(words.health, { cache: "no-store", redirect: "manual", signal })).status < 502;
  } catch {
    return false;
  }
}

// After a short silence nothing has happened, and a busy server gets no more to do. After a long one the socket may be
// dead although the network is back: the page is asked for anew.
function hear() {
  if (!silentSince) return;
  const isLong = Date.now() - silentSince > LONG_SILENCE_MS;
  silentSince = 0;
  if (state !== "there") return;
  if (!isLong) return tell();
  become("away");
  look();
}

function tell() {
  const isLost = state !== "there" || Boolean(silentSince);
  if (bar.hidden !== isLost) return;
  const clock = drawn.toLocaleTimeString(words.language, { hour: "2-digit", minute: "2-digit" });
  bar.textContent = isLost ? words.lost.replace("{time}", clock) : "";
  bar.hidden = !isLost;
}

// Whoever has controls listens to "risicobeeld:connection"; the attribute says how it is now.
function become(next) {
  const wasAway = state !== "there";
  state = next;
  const isAway = state !== "there";
  tell();
  if (isAway === wasAway) return;
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
  for (const field of [node, ...node.querySelectorAll("[placeholder], [aria-label]")]) {
    for (const name of ["placeholder", "aria-label"]) {
      const known = field.hasAttribute(name) && inWords(field.getAttribute(name));
      if (known) field.setAttribute(name, known);
    }
  }
}

let lastTold = "";

function translate(text) {
  const known = inWords(text.nodeValue.trim());
  if (known) text.nodeValue = known;
}

// Words of the frame's own in the reader's language; "" for what is none of them.
function inWords(told) {
  const { builtin } = words;
  const more = /^(\d+) more$/.exec(told); // pages for which the bar has no room
  if (more) return (builtin.more ?? "").replace("{n}", more[1]);
  const most = /^(\d+)\s?MB per file$/.exec(told);
  if (most) return (builtin["per file"] ?? "").replace("{n}", most[1]);
  const help = /^Help for (.+)$/.exec(told);
  if (help) return (builtin.help ?? "").replace("{n}", help[1]);
  return Object.hasOwn(builtin, told) ? builtin[told] : "";
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

// One page of paper, in the layout that needs the least shrinking; what would be too small to read takes more pages.
function layOutForPaper() {
  const page = document.querySelector(".stMainBlockContainer");
  if (!page) return;
  root.toggleAttribute("data-print", true);
  tellMaps(true);
  let best = { zoom: 0 };
  for (const [way, width] of LAYOUTS) {
    root.style.setProperty("--rb-paper-width", `${width}px`);
    const [across, down] = PAPER[way];
    const zoom = Math.min(1, across / width, down / page.scrollHeight);
    if (zoom > best.zoom) best = { way, width, zoom };
  }
  const isOnePage = best.zoom >= SMALLEST;
  if (!isOnePage) best = { way: "landscape", width: 1400, zoom: PAPER.landscape[0] / 1400 };
  root.style.setProperty("--rb-paper-width", `${best.width}px`);
  tellMaps(true);
  const setZoom = () => root.style.setProperty("--rb-paper-zoom", best.zoom);
  setZoom();
  // Smaller letters break lines elsewhere, so what was worked out is looked at.
  for (let turn = 0; isOnePage && turn < 8 && page.getBoundingClientRect().height > PAPER[best.way][1] - SLACK; turn++) {
    best.zoom *= 0.985;
    setZoom();
  }
  sheet ??= document.head.appendChild(document.createElement("style"));
  sheet.textContent = `@page { size: A4 ${best.way}; margin: 9mm; }`;
}

let sheet;

function backToScreen() {
  root.toggleAttribute("data-print", false);
  ["--rb-paper-width", "--rb-paper-zoom"].forEach((name) => root.style.removeProperty(name));
  tellMaps(false);
}

const tellMaps = (isOnPaper) => window.dispatchEvent(new CustomEvent("risicobeeld:paper", { detail: { isOnPaper } }));
