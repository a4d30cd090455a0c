// The only script that travels with each message: it finds the published component and hands over. The messages of
// sites and of all sectors are bytes, with the address in their first line.
export default async function bootstrap({ data, ...component }) {
  const [head, body] = data instanceof Uint8Array ? new TextDecoder().decode(data).split("\n") : [];
  const told = head ? JSON.parse(head) : data;
  const { default: show } = await import(new URL("map.js", new URL(told.assets, document.baseURI)).href);
  return show({ ...component, data: told, body });
}
