// The form of a visit: keeps it on the phone, sends it when the server can be reached, and says what became of it.

import * as queue from "./queue.js";

const AGAIN_MS = 60 * 1000;
const PATIENCE_MS = 30 * 1000;
const LONGEST_SHOWN = 120;

const find = (name) => document.getElementById(name);
const main = document.querySelector("main");
const words = JSON.parse(main.dataset.words);
const language = document.documentElement.lang;
const form = find("form");
const everyArea = [...document.querySelectorAll("option[data-vr]")].map((option) => [option.parentElement, option]);

let known = null; // whose phone this is: { person, regions, writes }; also without a network
let session = null; // what the server said of who is signed in, while it can be reached
let network = ""; // "online", "offline" or "unreachable"
let out = ""; // why nobody is signed in, as the server says it
let isClosed = false; // the server takes no visits
let isSending = false;
let changing = null; // the visit that the form changes
let blank = ""; // what an empty form answers
let drawn = ""; // the queue as it stands on the screen
const standing = new Map(); // by visit, what the register holds in its place: shown, and never kept

const said = (name, values = {}) =>
  Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, value), words[name]);

function tell(text) {
  find("told").textContent = text;
  find("told").hidden = !text;
}

// --- what is typed ---------------------------------------------------------------------------------------------

function answers() {
  const data = new FormData(form);
  const names = new Set([...form.elements].map((element) => element.name).filter(Boolean));
  const fields = Object.fromEntries([...names].map((name) => [name, data.getAll(name).join(";").trim()]));
  const unused = find("route").open ? ["gemeente_code", "site_id"] : ["route_from", "route_to", "vr_code"];
  return { ...fields, ...Object.fromEntries(unused.map((name) => [name, ""])) };
}

function fill(fields) {
  for (const element of form.elements) {
    if (!element.name || !(element.name in fields)) continue;
    const value = fields[element.name];
    if (["radio", "checkbox"].includes(element.type)) element.checked = value.split(";").includes(element.value);
    else element.value = value;
  }
  find("route").open = Boolean(fields.route_from || fields.route_to);
}

function empty() {
  form.reset();
  const now = new Date();
  find("event_date").value = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
    .map((part) => String(part).padStart(2, "0")).join("-");
  find("route").open = false;
  find("lacks").hidden = true;
  for (const one of form.querySelectorAll(".missing")) one.classList.remove("missing");
  changing = null;
  blank = JSON.stringify(answers());
}

function lacking(fields) {
  const route = fields.route_from && fields.route_to && fields.vr_code;
  const isMissing = (part) => part.id === "place" ? !fields.gemeente_code && !route : !fields[part.dataset.name];
  return [...form.querySelectorAll("[data-mandatory], #place")].filter(isMissing);
}

async function save(event) {
  event.preventDefault();
  const fields = answers();
  const missing = lacking(fields);
  for (const part of form.querySelectorAll("[data-label]")) part.classList.toggle("missing", missing.includes(part));
  find("lacks").hidden = missing.length === 0;
  if (missing.length) {
    find("lacks").textContent = said("lacks", { fields: missing.map((part) => part.dataset.label).join(", ") });
    (missing[0].querySelector("input, select, textarea") ?? missing[0]).focus();
    return;
  }
  const made = { id: changing?.id ?? identity(), made: changing?.made ?? Date.now() };
  standing.delete(made.id);
  await queue.keep({ ...made, person: known.person, fields, state: "waiting", anyway: [], reason: {}, question: "" });
  await queue.forget("draft");
  empty();
  tell(words.saved);
  find("form-title").focus();
  await draw();
  await refresh();
}

function identity() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function keepDraft() {
  if (!known || form.hidden) return;
  const fields = answers();
  if (JSON.stringify(fields) === blank) await queue.forget("draft");
  else await queue.note("draft", { person: known.person, fields, changing });
}

async function bringBack() {
  const draft = await queue.about("draft");
  const asked = new URLSearchParams(location.search);
  if (draft && draft.person === known.person) {
    fill(draft.fields);
    changing = draft.changing;
    tell(words.draft_back);
  } else {
    const told = { site_id: asked.get("site"), gemeente_code: asked.get("gemeente"), sector_code: asked.get("sector") };
    fill(Object.fromEntries(Object.entries(told).filter(([, value]) => value)));
  }
}

// --- what waits ------------------------------------------------------------------------------------------------

const mine = async () => known ? (await queue.entries()).filter((entry) => entry.person === known.person) : [];

function called(name, code) {
  if (name === "gemeente_code") return everyArea.find(([, option]) => option.value === code)?.[1].textContent ?? code;
  const options = [...form.querySelectorAll(`[name="${name}"], [name="${name}"] option`)];
  const chosen = options.find((option) => option.value === code && option.tagName !== "SELECT");
  return (chosen?.tagName === "INPUT" ? chosen.nextElementSibling : chosen)?.textContent ?? code;
}

function made(tag, text, name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

function button(text, card, action, name = "plain") {
  const element = made("button", text, name);
  element.type = "button";
  element.disabled = isSending;
  element.setAttribute("aria-describedby", `title-${card}`);
  element.addEventListener("click", () => action(element));
  return element;
}

const answer = (name, value) => {
  const told = value.split(";").filter(Boolean).map((code) => called(name, code)).join(", ");
  return told || "–";
};

/** What was typed beside what stands: what happened, and every other answer in which they differ. */
function beside(typed, stands) {
  const table = made("table", "");
  const row = (tag, ...cells) => {
    const line = made("tr", "");
    line.append(...cells.map((text, place) => {
      const cell = made(place ? tag : "th", text);
      if (tag === "td") cell.scope = place ? "" : "row";
      else cell.scope = "col";
      return cell;
    }));
    return line;
  };
  const order = (value) => value.split(";").filter(Boolean).sort().join(";");
  const names = Object.keys(stands).filter(
    (name) => name !== "vr_code" && (name === "outcome" || order(typed[name] ?? "") !== order(stands[name])),
  );
  table.append(made("caption", words.compared), row("th", "", words.yours, words.stands));
  for (const name of names) {
    const own = name === "outcome" ? typed[name] : answer(name, typed[name] ?? "");
    table.append(row("td", label(name), own, name === "outcome" ? stands[name] : answer(name, stands[name])));
  }
  return table;
}

function label(name) {
  const part = form.querySelector(`[data-name="${name}"]`) ?? form.querySelector(`[name="${name}"]`).closest(".field, label");
  return part.querySelector("legend, label")?.textContent ?? part.textContent.trim();
}

function card(entry) {
  const { fields } = entry;
  const item = made("li", "", entry.state);
  const place = fields.route_from ? `${fields.route_from} - ${fields.route_to}` : called("gemeente_code", fields.gemeente_code);
  const day = new Date(`${fields.event_date}T12:00`).toLocaleDateString(language, { day: "numeric", month: "long" });
  const title = made("h3", [place, called("sector_code", fields.sector_code)].join(" · "));
  title.id = `title-${entry.id}`;
  item.append(title, made("p", [day, called("kind", fields.kind), words[`state_${entry.state}`]].join(" · "), "facts"));
  const outcome = fields.outcome.length > LONGEST_SHOWN ? `${fields.outcome.slice(0, LONGEST_SHOWN)}…` : fields.outcome;
  item.append(made("p", outcome));
  if (entry.reason?.[language]) item.append(made("p", entry.reason[language], "reason"));
  for (const other of (session && standing.get(entry.id)) || []) item.append(beside(fields, other));
  const buttons = made("p", "", "buttons");
  if (entry.state === "asked") {
    buttons.append(button(words.send_anyway, entry.id, async () => {
      await queue.keep({ ...entry, state: "waiting", anyway: [...entry.anyway, entry.question], reason: {} });
      await refresh();
    }, ""));
  }
  buttons.append(button(words.edit, entry.id, async () => {
    empty();
    fill(entry.fields);
    changing = { id: entry.id, made: entry.made };
    await keepDraft();
    find("form-title").focus();
    find("form-title").scrollIntoView();
  }));
  buttons.append(button(words.discard, entry.id, async (pressed) => {
    if (pressed.dataset.sure) {
      await queue.drop(entry.id);
      await draw();
      find("waiting-title").focus();
    } else {
      pressed.dataset.sure = "yes";
      pressed.textContent = words.discard_sure;
    }
  }));
  item.append(buttons);
  return item;
}

async function draw() {
  const waiting = await mine();
  const n = waiting.filter((entry) => entry.state === "waiting").length;
  const old = waiting.filter(queue.isOld).length;
  const lines = [words[network] ?? ""];
  if (session) lines.push(said("as_whom", { name: session.name }));
  if (isSending) lines.push(words.sending);
  else if (n) lines.push(said("waiting_n", { n }));
  else if (!waiting.length && known) lines.push(words.empty);
  find("network").textContent = lines.filter(Boolean).join(" ");
  const seen = JSON.stringify([waiting, isSending, session !== null, [...standing]]);
  if (seen !== drawn) find("queue").replaceChildren(...waiting.map(card)); // else a button would lose the focus
  drawn = seen;
  find("old").textContent = said("old", { n: old });
  find("old").hidden = !old;
  find("send").hidden = !n;
  find("send").disabled = isSending;
  find("sign-in").hidden = !out;
  find("sign-in").firstElementChild.textContent = out;
  find("sign-in").lastElementChild.hidden = isClosed;
  form.hidden = !known || !known.writes || isClosed;
  if (!known && !out) tell(words.none_known);
  if (known && !known.writes) tell(words.may_not);
}

/** Offer only the areas in which this person records; whoever records for the whole country gets all. */
function narrow() {
  const chosen = new Map(everyArea.map(([select]) => [select, select.value]));
  for (const [select, option] of everyArea) {
    option.remove();
    if (!known?.regions.length || known.regions.includes(option.dataset.vr)) select.append(option);
  }
  for (const [select, value] of chosen) select.value = value;
}

// --- the server ------------------------------------------------------------------------------------------------

async function ask(name, options = {}) {
  const response = await fetch(name, { ...options, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
  return response.json();
}

/** Ask the server who is signed in; what another person left on this phone, or who signed out, is erased. */
async function introduce() {
  const before = known?.person;
  session = null;
  let told;
  try {
    told = await ask("who");
  } catch {
    network = navigator.onLine ? "unreachable" : "offline";
    return;
  }
  network = "online";
  out = told.state === "in" ? "" : told.reason?.[language] ?? "";
  isClosed = told.state === "closed";
  if (told.state === "ended") {
    const had = (await queue.entries()).length > 0;
    await queue.erase();
    known = null;
    empty();
    if (had) tell(words.erased_ended);
  } else if (told.state === "in") {
    const isOther = known !== null && known.person !== told.person;
    if (isOther) {
      const had = (await queue.entries()).length > 0;
      await queue.erase();
      empty();
      if (had) tell(words.erased_other);
    }
    const isNew = known === null || isOther;
    known = { person: told.person, regions: told.regions, writes: told.writes };
    session = told;
    await queue.note("person", known);
    narrow();
    if (isNew) await bringBack();
  } else if (isClosed) {
    await forgetFiles();
  }
  if (!session || session.person !== before) standing.clear();
}

/** Send one visit; tell whether the next may go too. */
async function sendOne(entry, isAgain = false) {
  let told;
  try {
    told = await post("send", entry);
  } catch {
    network = navigator.onLine ? "unreachable" : "offline";
    return false;
  }
  if (told.state === "kept") {
    await queue.drop(entry.id);
    return true;
  }
  if (["refused", "asked"].includes(told.state)) {
    await queue.keep({ ...entry, state: told.state, reason: told.reason, question: told.question ?? "" });
    return true;
  }
  if (told.state === "later") {
    tell(told.reason?.[language] ?? "");
    return false;
  }
  await introduce(); // the session ended, or is another's, or the token was too old
  return told.state === "again" && session && !isAgain ? sendOne(entry, true) : false;
}

/** Ask what the register holds in the place of a visit that it did not take. */
async function compareAll() {
  const asked = session ? (await mine()).filter((one) => ["same_day", "stands_otherwise"].includes(one.question)) : [];
  for (const entry of asked.filter((one) => one.state !== "waiting" && !standing.has(one.id))) {
    try {
      const told = await post("compare", entry);
      if (told.state === "compared") standing.set(entry.id, told.stands);
    } catch {
      return;
    }
  }
}

const post = (name, entry) => ask(name, {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Visit-Token": session.token, "X-Visit-Person": entry.person },
  body: JSON.stringify({ id: entry.id, fields: entry.fields, anyway: entry.anyway }),
});

async function sendAll() {
  if (isSending || !session?.writes) return;
  let sent = 0;
  isSending = true;
  try {
    for (const entry of (await mine()).filter((one) => one.state === "waiting")) {
      await draw();
      if (!(await sendOne(entry))) break;
      sent += (await mine()).every((one) => one.id !== entry.id);
    }
  } finally {
    isSending = false;
  }
  if (sent) tell(said("sent", { n: sent }));
}

/** Find out who is there, send what waits, and show how it stands: one at a time, also with several tabs. */
async function refresh() {
  const run = async () => {
    await introduce();
    await sendAll();
    await compareAll();
    await draw();
  };
  if (navigator.locks) await navigator.locks.request("risicobeeld-visits", run);
  else await run();
}

async function forgetFiles() {
  for (const one of await navigator.serviceWorker?.getRegistrations() ?? []) {
    if (one.scope.endsWith("/visit/")) await one.unregister();
  }
  for (const name of await globalThis.caches?.keys() ?? []) {
    if (name.startsWith("risicobeeld-visit-")) await caches.delete(name);
  }
}

async function begin() {
  const other = find("language");
  const asked = new URLSearchParams(location.search);
  asked.set("lang", other.hreflang);
  other.href = `?${asked}`;
  empty();
  try {
    known = (await queue.about("person")) ?? null;
  } catch {
    tell(words.not_kept);
    return;
  }
  if (known) {
    narrow();
    await bringBack();
  }
  form.addEventListener("submit", save);
  form.addEventListener("input", keepDraft);
  find("nothing").addEventListener("click", () => {
    find("outcome").value = language === "nl" ? "niets aangetroffen" : "nothing found";
    form.querySelector('[name="infections_found"][value="no"]').checked = true;
    keepDraft();
  });
  find("send").addEventListener("click", refresh);
  globalThis.addEventListener("online", refresh);
  globalThis.addEventListener("offline", async () => { network = "offline"; session = null; await draw(); });
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  setInterval(async () => { if (!document.hidden && (await mine()).some((one) => one.state === "waiting")) await refresh(); }, AGAIN_MS);
  await draw();
  await refresh();
  try {
    if (!isClosed) await navigator.serviceWorker?.register("worker.js");
  } catch {
    // Without a network the form does not open then; it works, and the next time that it opens this is tried again.
  }
  main.dataset.ready = "yes";
}

begin();
