// The only script that travels with each message: it finds the published component and hands over. A message is bytes:
// a line that says what it is, with the address of the component, and below it the figures or sites that it carries.
export default async function bootstrap({ data, ...component }) {
  const [told, ...carried] = new TextDecoder().decode(data).split("\n");
  const head = JSON.parse(told);
  const { default: show } = await import(new URL("map.js", new URL(head.assets, document.baseURI)).href);
  return show({ ...component, data: head, carried });
}
