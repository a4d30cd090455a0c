// Names just across the border, each a button; as many as have room, more as one zooms in.
import { element } from "./dom.js";

const FROM_ZOOM = 7.5;
const GAP = 3; // pixels between names

let loading = null; // [name, latitude, longitude] of each, for every map
function load() {
  loading ??= fetch(new URL("across.json", import.meta.url), { cache: "force-cache" }).then((answer) => answer.json());
  loading.catch(() => { loading = null; });
  return loading;
}

export class Across {
  constructor(L, map, { onSelect }) {
    Object.assign(this, { L, map, onSelect, named: [] });
    this.group = L.layerGroup().addTo(map);
    map.on("moveend resize", () => this.draw());
  }

  // They come after the map stands; a map without them is a map.
  show(isOffered) {
    if (isOffered === this.isOffered) return;
    this.isOffered = isOffered;
    this.named = [];
    this.draw();
    if (!isOffered) return;
    load().then((named) => {
      this.named = this.isOffered ? named : [];
      if (this.map.getPane("mapPane")?.isConnected) this.draw();
    }, () => { this.isOffered = null; }); // the next message tries again
  }

  draw() {
    const focused = this.map.getContainer().getRootNode().activeElement?.textContent;
    this.group.clearLayers();
    if (this.map.getZoom() < FROM_ZOOM) return;
    const view = this.map.getBounds();
    const taken = [];
    for (const [name, ...place] of this.named) {
      if (!view.contains(place)) continue;
      const { x, y } = this.map.latLngToContainerPoint(place);
      const [wide, high] = [name.length * 3.4 + 8 + GAP, 11 + GAP];
      const box = [x - wide, y - high, x + wide, y + high];
      if (taken.some((one) => box[0] < one[2] && one[0] < box[2] && box[1] < one[3] && one[1] < box[3])) continue;
      taken.push(box);
      const button = element("button", { type: "button", class: "across" }, name);
      button.addEventListener("click", () => this.onSelect(name));
      this.L.DomEvent.disableClickPropagation(button);
      const icon = this.L.divIcon({ className: "", html: button, iconSize: [0, 0] });
      this.group.addLayer(this.L.marker(place, { icon, interactive: false, keyboard: false }));
      if (name === focused) button.focus({ preventScroll: true });
    }
  }
}
