// Thousands of sites on one canvas: shape tells the kind, colour the class. Their columns arrive in a message of
// their own, so that a change of colours does not send them again.
import { svgElement } from "./dom.js";

const channels = new Map(); // channel -> {sites, listeners}

function channel(name) {
  if (!channels.has(name)) channels.set(name, { sites: null, listeners: new Set() });
  return channels.get(name);
}

// Called for the component that only carries sites; the same columns again are not even read.
export function deliverSites({ channel: name, digest }, body) {
  const box = channel(name);
  if (box.sites?.digest === digest) return;
  const columns = JSON.parse(body);
  const degrees = (values) => Float64Array.from(values, (value) => (value === null ? NaN : value / 1e5));
  box.sites = {
    ...columns,
    digest,
    kinds: Uint8Array.from(columns.kinds, (letter) => letter.charCodeAt(0) - 48),
    classes: Int8Array.from(columns.classes, (letter) => (letter === "-" ? -1 : Number(letter) - 1)),
    scores: Float64Array.from(columns.scores, (tenths) => tenths / 10),
    longitudes: degrees(columns.longitudes),
    latitudes: degrees(columns.latitudes),
  };
  box.listeners.forEach((listener) => listener(box.sites));
}

export function listenToSites(name, listener) {
  const box = channel(name);
  box.listeners.add(listener);
  if (box.sites) listener(box.sites);
  return () => box.listeners.delete(listener);
}

export function shapeSign(path) {
  return svgElement("svg", { viewBox: "-1 -1 18 18", width: 14, height: 14, "aria-hidden": "true" },
    svgElement("path", { d: path, class: "site-shape" }));
}

const INK = "#16202c";

function makeSprite(path, colour, size, ratio) {
  const sprite = document.createElement("canvas");
  sprite.width = sprite.height = Math.ceil((size + 4) * ratio);
  const pen = sprite.getContext("2d");
  pen.scale(ratio, ratio);
  pen.translate(2, 2);
  pen.scale(size / 16, size / 16);
  const shape = new Path2D(path);
  pen.lineJoin = "round";
  pen.strokeStyle = "#fff";
  pen.lineWidth = 62 / size;
  pen.stroke(shape); // a pale rim keeps a sign apart from any ground
  pen.fillStyle = colour;
  pen.fill(shape);
  pen.strokeStyle = INK;
  pen.lineWidth = 22 / size;
  pen.stroke(shape);
  return sprite;
}

export class SiteLayer {
  constructor(L, map, { onHover, onSelect }) {
    Object.assign(this, { L, map, onHover, onSelect, hovered: -1, selected: -1, sprites: new Map() });
    map.createPane("sites").style.zIndex = 450;
    const layer = this;
    const Sheet = L.Canvas.extend({
      _initContainer() {
        this._container = document.createElement("canvas");
        this._container.style.pointerEvents = "none"; // the areas below keep their own hover and click
        this._ctx = this._container.getContext("2d");
      },
      _updatePaths() {
        if (!this._postponeUpdatePaths) layer.paint(this._ctx, this._bounds);
      },
      _draw() {
        layer.paint(this._ctx, this._bounds);
      },
    });
    this.sheet = new Sheet({ pane: "sites", padding: 0.3 });
    this.stops = new AbortController();
    const listen = (name, act) => map.getContainer().addEventListener(name, act, { capture: true, signal: this.stops.signal });
    listen("pointerdown", (event) => { this.pressed = [event.clientX, event.clientY]; });
    listen("mousemove", (event) => this.onMove(event));
    listen("mouseleave", () => this.setHover(-1));
    listen("click", (event) => this.onClick(event));
  }

  fill(sites, scale) {
    this.sites = sites;
    this.scale = scale;
    this.sprites.clear();
    const { project } = this.L.CRS.EPSG3857.projection;
    const count = sites.ids.length;
    this.xs = new Float64Array(count);
    this.ys = new Float64Array(count);
    const point = this.L.latLng(0, 0);
    for (let i = 0; i < count; i++) {
      [point.lat, point.lng] = [sites.latitudes[i], sites.longitudes[i]];
      const at = project.call(this.L.CRS.EPSG3857.projection, point);
      const unit = this.L.CRS.EPSG3857.transformation.transform(at, 1);
      [this.xs[i], this.ys[i]] = [unit.x, unit.y];
    }
    // The highest class is drawn last and so stays on top.
    this.order = Array.from(sites.ids.keys()).filter((i) => !Number.isNaN(this.xs[i]))
      .sort((one, other) => sites.classes[one] - sites.classes[other]);
    this.hovered = this.selected = -1;
    if (this.map.hasLayer(this.sheet)) this.sheet._update();
    else this.sheet.addTo(this.map);
  }

  size() {
    return Math.max(8, Math.min(16, Math.round(8 + (this.map.getZoom() - 7.5) * 2)));
  }

  sprite(kind, riskClass, size, ratio) {
    const key = `${kind} ${riskClass} ${size} ${ratio}`;
    if (!this.sprites.has(key)) {
      const colour = riskClass < 0 ? this.scale.noData[0] : this.scale.colours[riskClass];
      this.sprites.set(key, makeSprite(this.sites.shapes[kind], colour, size, ratio));
    }
    return this.sprites.get(key);
  }

  paint(pen, bounds) {
    if (!this.sites || !pen) return;
    pen.clearRect(bounds.min.x, bounds.min.y, bounds.max.x - bounds.min.x, bounds.max.y - bounds.min.y);
    const world = this.L.CRS.EPSG3857.scale(this.map.getZoom());
    const origin = this.map.getPixelOrigin();
    const size = this.size();
    const ratio = this.L.Browser.retina ? 2 : 1;
    const half = (size + 4) / 2;
    const { kinds, classes } = this.sites;
    for (const i of this.order) {
      const x = this.xs[i] * world - origin.x;
      const y = this.ys[i] * world - origin.y;
      if (x < bounds.min.x || x > bounds.max.x || y < bounds.min.y || y > bounds.max.y) continue;
      pen.drawImage(this.sprite(kinds[i], classes[i], size, ratio), Math.round(x - half), Math.round(y - half), half * 2, half * 2);
    }
    for (const [i, width] of [[this.hovered, 2], [this.selected, 3]]) {
      if (i < 0 || Number.isNaN(this.xs[i])) continue;
      pen.beginPath();
      pen.arc(this.xs[i] * world - origin.x, this.ys[i] * world - origin.y, half + 1.5, 0, 2 * Math.PI);
      pen.lineWidth = width + 3;
      pen.strokeStyle = "#fff";
      pen.stroke();
      pen.lineWidth = width;
      pen.strokeStyle = INK;
      pen.stroke();
    }
  }

  // A browser prints an empty canvas as a white sheet over the areas: on paper the signs are drawn as shapes.
  onPaper(isOnPaper) {
    this.shapes?.remove();
    this.sheet._container.style.display = isOnPaper ? "none" : "";
    if (!isOnPaper || !this.sites) return;
    const world = this.L.CRS.EPSG3857.scale(this.map.getZoom());
    const origin = this.map.getPixelOrigin();
    const size = this.size();
    const colours = [...this.sites.classes].map((at) => (at < 0 ? this.scale.noData[0] : this.scale.colours[at]));
    this.shapes = svgElement("svg", { width: 1, height: 1, style: "position:absolute;overflow:visible" }, ...this.order.map((i) => {
      const [x, y] = [this.xs[i] * world - origin.x - size / 2, this.ys[i] * world - origin.y - size / 2];
      return svgElement("path", {
        d: this.sites.shapes[this.sites.kinds[i]], transform: `translate(${x} ${y}) scale(${size / 16})`,
        fill: colours[i], stroke: INK, "stroke-width": 22 / size, "stroke-linejoin": "round",
      });
    }));
    this.map.getPane("sites").append(this.shapes);
  }

  // The nearest site within reach of the pointer; a scan of typed arrays takes well under a millisecond.
  find(event) {
    if (!this.sites) return -1;
    const at = this.map.mouseEventToLayerPoint(event);
    const world = this.L.CRS.EPSG3857.scale(this.map.getZoom());
    const origin = this.map.getPixelOrigin();
    const [x, y] = [(at.x + origin.x) / world, (at.y + origin.y) / world];
    let nearest = (this.size() / 2 + 2) / world;
    let found = -1;
    for (const i of this.order) {
      const away = Math.hypot(this.xs[i] - x, this.ys[i] - y);
      if (away <= nearest) [nearest, found] = [away, i];
    }
    return found;
  }

  // While an area is drawn a click is a corner, also on a site.
  get isDrawing() {
    return this.map.getContainer().classList.contains("drawing");
  }

  onMove(event) {
    if (event.buttons || this.isDrawing) return;
    const index = event.target.closest(".buttons") ? -1 : this.find(event);
    this.setHover(index);
    if (index >= 0) event.stopPropagation();
  }

  setHover(index) {
    if (index === this.hovered) return;
    this.hovered = index;
    this.map.getContainer().classList.toggle("over-site", index >= 0);
    this.onHover(index);
    this.sheet._draw();
  }

  onClick(event) {
    const [x, y] = this.pressed ?? [event.clientX, event.clientY];
    if (Math.hypot(event.clientX - x, event.clientY - y) > 5 || event.target.closest(".buttons") || this.isDrawing) return;
    const index = this.find(event);
    if (index < 0) return;
    event.stopPropagation();
    this.onSelect(index);
  }

  place(index) {
    return this.L.latLng(this.sites.latitudes[index], this.sites.longitudes[index]);
  }

  select(index) {
    if (index === this.selected) return;
    this.selected = index;
    this.sheet._draw();
  }

  remove() {
    this.stops.abort();
    this.sheet.remove();
  }
}
