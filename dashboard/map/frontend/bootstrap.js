// The only script that travels with each message: it finds the published component and hands over.
export default async function bootstrap(component) {
  const folder = new URL(component.data.assets, document.baseURI);
  const { default: show } = await import(new URL("map.js", folder).href);
  return show(component);
}
