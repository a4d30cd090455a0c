// Lets the form open without a network. It keeps the form's own files alone: they hold no figure and name nobody.

const PREFIX = "risicobeeld-visit-";
const CACHE = `${PREFIX}VERSION`;
const FILES = ["visit.js", "queue.js", "visit.css", "icon.svg"];
const PAGES = ["nl", "en"];

self.addEventListener("install", (event) => {
  const wanted = [...PAGES.map((language) => `./?lang=${language}`), ...FILES];
  const fresh = wanted.map((name) => new Request(name, { cache: "reload", credentials: "omit" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  event.waitUntil(
    caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const folder = new URL("./", self.location).pathname;
  const address = new URL(event.request.url);
  const name = address.pathname.slice(folder.length);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (!address.pathname.startsWith(folder) || (name !== "" && !FILES.includes(name))) return; // who and send: never kept
  const asked = address.searchParams.get("lang");
  const language = PAGES.includes(asked) ? asked : self.navigator.language.startsWith("en") ? "en" : "nl";
  const kept = name === "" ? `./?lang=${language}` : name;
  event.respondWith(
    caches.open(CACHE).then((cache) => cache.match(kept)).then((found) => found ?? fetch(event.request)),
  );
});
