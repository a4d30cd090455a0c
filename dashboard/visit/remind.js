// On the pages too: says that visits of this person have waited on this device for more than three days.

export default async function remind({ data, parentElement }) {
  const known = await indexedDB.databases?.().catch(() => []) ?? [];
  if (!known.some(({ name }) => name === data.name)) return parentElement.replaceChildren(); // looking would make one
  const queue = await import(new URL(data.queue, location.origin).href);
  const old = (await queue.entries()).filter((entry) => entry.person === data.person && queue.isOld(entry)).length;
  const notice = document.createElement("p");
  notice.className = "rb-notice";
  notice.setAttribute("role", "alert");
  const link = document.createElement("a");
  link.href = new URL(data.form, location.origin).href;
  link.textContent = data.open;
  notice.append(data.old.replace("{n}", old), " ", link);
  parentElement.replaceChildren(...(old ? [notice] : []));
}
