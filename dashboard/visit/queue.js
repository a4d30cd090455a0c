// What waits on this phone: the visits that one person typed, and what tells whose they are. Nothing else is kept.

const NAME = "risicobeeld-visits";
const OLD_MS = 3 * 24 * 60 * 60 * 1000;
let opened;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("entries", { keyPath: "id" });
      asked.result.createObjectStore("about", { keyPath: "key" });
    };
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
      asked.result.onclose = () => { opened = undefined; }; // signing out in another tab erased it
      asked.result.onversionchange = () => { asked.result.close(); opened = undefined; };
      resolve(asked.result);
    };
  });
  return opened;
}

async function within(store, mode, action) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const change = database.transaction(store, mode);
    const asked = action(change.objectStore(store));
    change.oncomplete = () => resolve(asked.result);
    change.onerror = change.onabort = () => reject(change.error);
  });
}

/** Return every visit that waits, the oldest first. */
export async function entries() {
  const found = await within("entries", "readonly", (store) => store.getAll());
  return found.sort((one, other) => one.made - other.made);
}

/** Tell whether a visit has waited for more than three days. */
export const isOld = (entry) => Date.now() - entry.made > OLD_MS;

/** Keep a visit; one with the same identity is replaced. */
export const keep = (entry) => within("entries", "readwrite", (store) => store.put(entry));

/** Drop a visit: it stands in the register now, or is not wanted. */
export const drop = (id) => within("entries", "readwrite", (store) => store.delete(id));

/** Return whose phone this is ("person"), or what is being typed ("draft"); undefined when it is not known. */
export const about = (key) => within("about", "readonly", (store) => store.get(key));

/** Remember one of those. */
export const note = (key, told) => within("about", "readwrite", (store) => store.put({ ...told, key }));

/** Forget one of those. */
export const forget = (key) => within("about", "readwrite", (store) => store.delete(key));

/** Erase all of it. */
export async function erase() {
  await within("entries", "readwrite", (store) => store.clear());
  await within("about", "readwrite", (store) => store.clear());
}
