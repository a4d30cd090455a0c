// An area that the viewer draws: its corners by click, or all that is in view by one button, for who has no mouse.
import { element, setText } from "./dom.js";

const CORNERS_MAX = 50; // the page refuses more
const FEWEST = 3;
const NEAR = 9; // pixels: a click so near the last corner is the second half of a double click
const DIGITS = 4; // of a degree: some ten metres

const written = (corners) => corners.flatMap(({ lat, lng }) => [lat.toFixed(DIGITS), lng.toFixed(DIGITS)]).join("~");

function read(text) {
  const numbers = text.split("~").map(Number);
  if (numbers.some(Number.isNaN)) return [];
  return numbers.flatMap((number, at) => (at % 2 ? [[numbers[at - 1], number]] : []));
}

export class Drawing {
  constructor(L, { map, container, buttonBox, extent }, { onDrawn, mayDraw }) {
    Object.assign(this, { L, map, container, extent, onDrawn, mayDraw });
    this.corners = [];
    const button = (action) => {
      const made = element("button", { type: "button" });
      made.addEventListener("click", action);
      return made;
    };
    this.starts = button(() => (this.isOn ? this.stop() : this.begin()));
    this.starts.setAttribute("aria-pressed", "false");
    buttonBox.append(this.starts);
    this.hint = element("p", { role: "status" });
    this.buttons = {
      draw_close: button(() => this.close()),
      draw_view: button(() => this.takeView()),
      draw_stop: button(() => this.stop()),
    };
    this.bar = element("div", { class: "drawing-bar", role: "group", hidden: true }, this.hint, ...Object.values(this.buttons));
    L.DomEvent.disableClickPropagation(this.bar);
    container.append(this.bar);
    const style = { interactive: false, smoothFactor: 0, fill: false };
    this.halo = L.polygon([], { ...style, className: "drawn-halo" }).addTo(map);
    this.shape = L.polygon([], { ...style, className: "drawn-line" }).addTo(map);
    this.line = L.polyline([], { ...style, className: "drawn-line going" }).addTo(map);
    map.on("click", ({ latlng }) => this.isOn && this.add(latlng));
    map.on("dblclick", () => this.isOn && this.close());
    map.on("mousemove", ({ latlng }) => this.isOn && this.corners.length && this.line.setLatLngs([...this.corners, latlng]));
    container.addEventListener("keydown", (event) => this.onKey(event));
  }

  // `drawn` is what the page shows; null where nobody may draw.
  show(drawn, texts) {
    this.texts = texts;
    this.starts.hidden = drawn === null;
    if (drawn === null && this.isOn) this.stop();
    this.starts.title = texts.draw_hint;
    setText(this.starts, texts.draw);
    this.bar.setAttribute("aria-label", texts.draw);
    for (const [name, button] of Object.entries(this.buttons)) setText(button, texts[name]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const corners = read(drawn ?? "");
    for (const line of [this.halo, this.shape]) line.setLatLngs(corners.length < FEWEST ? [] : corners).bringToFront();
  }

  begin() {
    if (!this.mayDraw()) return;
    this.isOn = true;
    this.turn();
    setText(this.hint, this.texts.draw_hint);
    this.container.focus({ preventScroll: true }); // for Enter and Escape, and the arrows that move the map
  }

  stop() {
    const hadFocus = this.bar.contains(this.container.getRootNode().activeElement);
    this.isOn = false;
    this.turn();
    if (hadFocus) this.starts.focus({ preventScroll: true });
  }

  turn() {
    this.corners = [];
    this.line.setLatLngs([]);
    this.bar.hidden = !this.isOn;
    this.container.classList.toggle("drawing", this.isOn);
    this.starts.setAttribute("aria-pressed", String(this.isOn));
    this.map.doubleClickZoom[this.isOn ? "disable" : "enable"]();
  }

  add(corner) {
    const at = (place) => this.map.latLngToContainerPoint(place);
    const last = this.corners.at(-1);
    if (last && at(last).distanceTo(at(corner)) < NEAR) return;
    if (this.corners.length < CORNERS_MAX) this.corners.push(corner);
    this.line.setLatLngs(this.corners).bringToFront();
  }

  close() {
    if (this.corners.length < FEWEST) setText(this.hint, this.texts.draw_few);
    else this.send(this.corners);
  }

  // The part of the country that is in view, as a rectangle.
  takeView() {
    const view = this.map.getBounds();
    const [south, west] = [Math.max(view.getSouth(), this.extent.getSouth()), Math.max(view.getWest(), this.extent.getWest())];
    const [north, east] = [Math.min(view.getNorth(), this.extent.getNorth()), Math.min(view.getEast(), this.extent.getEast())];
    const corners = [[south, west], [south, east], [north, east], [north, west]];
    this.send(corners.map(([lat, lng]) => ({ lat, lng })));
  }

  send(corners) {
    if (!this.mayDraw()) return;
    const text = written(corners);
    this.stop();
    this.onDrawn(text);
  }

  onKey(event) {
    if (!this.isOn) return;
    if (event.key === "Escape") this.stop();
    else if (event.key === "Enter" && event.target === this.container) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
