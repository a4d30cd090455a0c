// The map itself: areas as paths, outlines for hover and choice, marks, the view, the background.
import { element, reducedMotion, setText, svgElement } from "./dom.js";
import { roomiestPoint } from "./topology.js";
import { fillOf } from "./units.js";

const HATCH = "rb-hatch";
const TILE_OPACITY = 0.82;
const MARGIN = 12; // pixels around what is fitted into the map
const SEA_SHARE = 0.22; // part of the country's width that is sea beside the legend
const MARK_ZOOM = 8.5; // nearer than this a gemeente has room for the number of its place

let tileProbe = null; // one look per page visit tells whether the background can be reached

function probeTiles(url) {
  tileProbe ??= new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(true);
    image.onerror = () => resolve(false);
    image.src = url.replace("{z}", "6").replace("{x}", "32").replace("{y}", "21");
  });
  return tileProbe;
}

const whenIdle = () => new Promise((resolve) => {
  if (window.requestIdleCallback) requestIdleCallback(resolve, { timeout: 3000 });
  else setTimeout(resolve, 300);
});

let landmarks = null; // the module and its file, for every map

function loadLandmarks() {
  landmarks ??= Promise.all([
    import("./names.js"),
    fetch(new URL("landmarks.json", import.meta.url), { cache: "force-cache" }).then((answer) => answer.json()),
  ]).then(([{ Landmarks }, content]) => ({ Landmarks, content }));
  landmarks.catch(() => { landmarks = null; });
  return landmarks;
}

function makeHatch([ground, line]) {
  return svgElement("defs", {},
    svgElement("pattern", { id: HATCH, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svgElement("rect", { width: 6, height: 6, fill: ground }),
      svgElement("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: line, "stroke-width": 2.4 })));
}

export class AreaMap {
  constructor(L, container, geometry, { onHover, onSelect, onOne, onTiles, describe, legend, view, onView = () => {} }) {
    Object.assign(this, { L, container, geometry, onHover, onSelect, onOne, onTiles, describe, legend });
    this.levels = {};
    this.level = null;
    this.marks = [];
    this.focus = view?.focus ?? "";
    this.hasTiles = false;
    this.isMoving = false;
    this.asked = [];
    const still = reducedMotion();
    const touch = matchMedia("(pointer: coarse)").matches;
    this.map = L.map(container, {
      attributionControl: false,
      zoomControl: false,
      zoomSnap: 0.25,
      zoomDelta: 0.75,
      wheelPxPerZoomLevel: 110,
      maxZoom: 15,
      dragging: !touch, // one finger scrolls the page, two fingers move and zoom the map
      zoomAnimation: !still,
      fadeAnimation: !still,
      inertia: !still,
      renderer: L.svg({ padding: 0.4 }),
    });
    this.extent = L.latLngBounds(geometry.vr.flatMap((area) => area.polygons.flatMap((rings) => rings[0])));
    this.map.on("zoomanim", () => { this.isMoving = true; });
    this.map.on("moveend", () => {
      this.goOn();
      if (!this.following && !this.isMoving) onView({ center: this.map.getCenter(), zoom: this.map.getZoom() });
    });
    if (view) this.map.setView(view.center, view.zoom, { animate: false });
    else this.fit(this.extent, false);
    this.map.setMinZoom(5.5);
    this.map.setMaxBounds(this.extent.pad(0.8));
    const markSize = () => container.classList.toggle("far", this.map.getZoom() < MARK_ZOOM);
    this.map.on("zoomend", markSize);
    markSize();
    // What was fitted stays fitted when the map gets another size, until a viewer's own move: then the view is theirs.
    this.map.on("dragstart zoomstart", () => { if (!this.fitting) this.fitted = null; });
    this.resizing = new ResizeObserver(() => this.isOnPaper || this.takeSize()); // a shrunk sheet is no other size
    this.resizing.observe(container);
    this.addButtons();
    this.tip = new Tip(L, this.map);
    this.overHalo = this.outline("over-halo");
    this.overLine = this.outline("over-line");
    this.hoverLine = this.outline("hover-line");
    this.halo = this.outline("select-halo");
    this.selectLine = this.outline("select-line");
  }

  follow({ center, zoom }) {
    this.whenStill(() => {
      this.fitted = null;
      this.following = true;
      this.map.setView(center, zoom, { animate: false });
      this.following = false;
    });
  }

  takeSize(isOnPaper = false) {
    this.isOnPaper = isOnPaper;
    this.map.invalidateSize({ animate: false, pan: false });
    if (this.fitted) this.fit(this.fitted, false);
  }

  // Leaflet drops what is asked of it while it still zooms; here that comes after. Every move ends in a "moveend".
  whenStill(action) {
    if (this.isMoving) {
      this.asked.push(action);
      return;
    }
    this.isMoving = true;
    action();
  }

  goOn() {
    this.isMoving = false;
    this.fitting = false;
    const action = this.asked.shift();
    if (action) this.whenStill(action);
  }

  fit(bounds, animate = true) {
    this.whenStill(() => {
      this.fitting = true;
      this.fitted = bounds;
      this.map.fitBounds(bounds, {
        paddingTopLeft: [this.roomForLegend(bounds), MARGIN], paddingBottomRight: [MARGIN, MARGIN],
        animate: animate && !reducedMotion(), duration: 0.35,
      });
    });
  }

  // The whole country moves to the right as far as there is room: the legend lies over the sea in its north-west.
  roomForLegend(bounds) {
    if (bounds !== this.extent || getComputedStyle(this.legend).position !== "absolute") return MARGIN;
    const { x, y } = this.map.getSize();
    const [northWest, southEast] = [bounds.getNorthWest(), bounds.getSouthEast()].map((corner) => this.map.project(corner, 7));
    const width = ((southEast.x - northWest.x) / (southEast.y - northWest.y)) * (y - 2 * MARGIN);
    const wanted = this.legend.offsetLeft + this.legend.offsetWidth - SEA_SHARE * width;
    return Math.max(MARGIN, Math.min(wanted, x - width - MARGIN));
  }

  view() {
    if (this.fitted === this.extent) return null;
    return { center: this.map.getCenter(), zoom: this.map.getZoom(), focus: this.focus };
  }

  addButtons() {
    const button = (sign, action) => {
      const made = element("button", { type: "button" }, sign);
      made.addEventListener("click", action);
      return made;
    };
    this.buttons = {
      zoom_in: button("+", () => this.whenStill(() => this.map.zoomIn())),
      zoom_out: button("−", () => this.whenStill(() => this.map.zoomOut())),
      whole_country: button(homeSign(), () => this.fit(this.extent)),
    };
    this.several = button("", () => {
      this.choosesSeveral = !this.choosesSeveral;
      this.offerSeveral(true);
      if (!this.choosesSeveral) this.onOne();
    });
    this.buttonBox = element("div", { class: "buttons" }, ...Object.values(this.buttons), this.several);
    this.L.DomEvent.disableClickPropagation(this.buttonBox);
    this.container.append(this.buttonBox);
  }

  label(texts) {
    this.container.setAttribute("role", "region");
    this.container.setAttribute("aria-label", texts.map_label);
    for (const [name, button] of Object.entries(this.buttons)) {
      button.title = texts[name];
      button.setAttribute("aria-label", texts[name]);
    }
    this.nameNeighbours(texts.neighbours);
    this.several.title = texts.several_hint;
    setText(this.several, texts.several);
  }

  // Neighbouring countries are named where they begin: nothing of theirs is in the figures.
  nameNeighbours(named) {
    const key = named.join();
    if (key === this.neighboursKey) return;
    this.neighboursKey = key;
    this.neighbours?.remove();
    this.neighbours = this.L.layerGroup(named.map(([name, ...place]) => {
      const icon = this.L.divIcon({ className: "neighbour", html: element("span", {}, name), iconSize: [0, 0] });
      return this.L.marker(place, { icon, interactive: false, keyboard: false });
    })).addTo(this.map);
  }

  // By this button several areas are chosen without holding a key down: on a touch screen, by keyboard.
  offerSeveral(isOffered) {
    this.several.hidden = !isOffered;
    this.several.setAttribute("aria-pressed", String(Boolean(this.choosesSeveral)));
  }

  outline(name) {
    return this.L.polygon([], { className: name, interactive: false, fill: false, smoothFactor: 0 });
  }

  // Paths of a level are made once; afterwards only their fill changes.
  prepare(level) {
    if (this.levels[level]) return this.levels[level];
    const { L } = this;
    const paths = this.geometry[level].map((area, index) => {
      const path = L.polygon(area.polygons, {
        className: `area ${level}`, weight: level === "vr" ? 1.1 : 0.7, color: "#fff", fillOpacity: 1, smoothFactor: 0,
        bubblingMouseEvents: false,
      });
      path.on("mouseover mousemove", ({ latlng }) => {
        this.onHover(index);
        this.tip.show(latlng, () => this.describe(index));
      });
      path.on("mouseout", () => {
        this.onHover(-1);
        this.tip.show(null);
      });
      path.on("click", ({ originalEvent }) => this.onSelect(index, originalEvent));
      return path;
    });
    const group = L.layerGroup(paths);
    if (level === "gemeente") {
      group.addLayer(L.polyline(this.geometry.regionBorders, { className: "region-border", interactive: false, smoothFactor: 0 }));
    }
    this.levels[level] = { paths, group };
    return this.levels[level];
  }

  paint(level, units, scale) {
    this.units = units;
    const { paths, group } = this.prepare(level);
    if (this.level !== level) {
      if (this.level) this.levels[this.level].group.remove();
      this.level = level;
      group.addTo(this.map);
      for (const line of [this.overHalo, this.overLine, this.hoverLine, this.halo, this.selectLine]) line.addTo(this.map).bringToFront();
      this.hovered = undefined;
      this.hover(-1);
      this.tip.show(null);
    }
    const svg = this.container.querySelector("svg");
    if (svg && !svg.querySelector(`#${HATCH}`)) {
      svg.prepend(makeHatch(scale.noData));
      svg.setAttribute("aria-hidden", "true"); // the list beside the map says the same in words
    }
    units.forEach((unit, index) => {
      const fill = !unit.shown ? "#e9eaec" : fillOf(unit, scale) ?? `url(#${HATCH})`;
      const { options } = paths[index];
      if (options.fillColor === fill) return;
      options.fillColor = fill;
      const element = paths[index].getElement();
      element.setAttribute("fill", fill); // a path's own setStyle would write every attribute again
      element.classList.toggle("outside", !unit.shown);
    });
    this.drawMarks();
    this.drawNames();
  }

  drawMarks() {
    const areas = this.geometry[this.level];
    const marked = this.units.filter((unit) => unit.mark && unit.shown);
    this.marks.splice(marked.length).forEach((mark) => mark.remove());
    marked.forEach((unit, at) => {
      const area = areas[unit.index];
      area.anchor ??= roomiestPoint(area.polygons);
      const mark = (this.marks[at] ??= this.makeMark()).setLatLng(area.anchor);
      const sign = mark.options.icon.options.html;
      sign.className = `ring ring-${unit.mark} ${this.level}`;
      sign.textContent = unit.mark === 1 ? String(unit.rank) : "?";
    });
  }

  // Names and water come when the map stands and the browser has nothing else to do.
  drawNames() {
    if (this.landmarks) {
      const areas = this.geometry[this.level];
      const shown = this.units.filter((unit) => unit.shown).map(({ index, name, ...unit }) => ({
        name,
        value: this.values ? this.values(unit) : "",
        bounds: (areas[index].bounds ??= this.L.latLngBounds(areas[index].polygons.flatMap((rings) => rings[0]))),
        anchor: () => (areas[index].anchor ??= roomiestPoint(areas[index].polygons)),
      }));
      this.landmarks.show(this.level, shown, this.marks.map((mark) => mark.getLatLng()));
      return;
    }
    this.naming ??= whenIdle().then(loadLandmarks).then(({ Landmarks, content }) => {
      if (!this.container.isConnected || this.isGone) return;
      this.landmarks = new Landmarks(this.L, this.map, content, [this.legend, this.buttonBox]);
      this.drawNames();
    }, () => { this.naming = null; }); // a map without names is a map; the next message tries again
  }

  makeMark() {
    const icon = this.L.divIcon({ className: "", html: element("span"), iconSize: [0, 0] });
    return this.L.marker(this.extent.getCenter(), { icon, interactive: false, keyboard: false }).addTo(this.map);
  }

  hover(index) {
    if (index === this.hovered) return;
    this.hovered = index;
    const area = this.geometry[this.level]?.[index];
    this.hoverLine.setLatLngs(area && this.units[index].shown ? area.polygons : []);
  }

  select(indexes) {
    const polygons = indexes.flatMap((index) => this.geometry[this.level][index].polygons);
    this.halo.setLatLngs(polygons);
    this.selectLine.setLatLngs(polygons);
  }

  // Lines around gemeenten over the colours of either level: alarms, hot spots.
  drawOver(over) {
    const polygons = (over?.places ?? []).flatMap((index) => this.geometry.gemeente[index].polygons);
    if (over) this.container.style.setProperty("--over", over.colour);
    this.overHalo.setLatLngs(polygons);
    this.overLine.setLatLngs(polygons);
  }

  // The view moves only when another focus is asked for, never because figures changed.
  focusOn(code) {
    if (code === this.focus) return;
    this.focus = code;
    const named = (area) => area.code === code;
    const area = code && (this.geometry.vr.find(named) ?? this.geometry.gemeente.find(named));
    if (getComputedStyle(this.legend).position === "absolute") this.legend.open = !area; // it would lie over the area
    this.fit(area ? this.L.latLngBounds(area.polygons.flat(2)) : this.extent);
  }

  async lookForTiles(url) {
    if (!url || this.tiles) return;
    this.tiles = this.L.tileLayer(url, { maxNativeZoom: 19, className: "tiles" });
    if (!(await probeTiles(url)) || !this.container.isConnected) return;
    this.tiles.addTo(this.map);
    this.hasTiles = true;
    this.container.style.setProperty("--fill-opacity", TILE_OPACITY);
    this.onTiles();
  }

  remove() {
    this.isGone = true;
    this.resizing.disconnect();
    // The end of a zoom comes by a timer that outlives the map and would look for its pane.
    this.map._animatingZoom = false;
    this.map.remove();
    this.map.off(); // the end of another size of the window comes by a timer too
  }
}

// One tooltip for areas and sites; a site under the pointer goes before the area around it.
class Tip {
  constructor(L, map) {
    this.map = map;
    this.box = L.tooltip({ direction: "top", opacity: 1, offset: [0, -8] });
  }

  show(place, describe, forSite = false) {
    if (this.heldBySite && !forSite) return;
    this.heldBySite = forSite && place !== null;
    if (!place) {
      this.box.remove();
      return;
    }
    this.box.setLatLng(place).setContent(describe());
    if (!this.map.hasLayer(this.box)) this.box.addTo(this.map);
  }
}

function homeSign() {
  return svgElement("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" },
    svgElement("path", { d: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4", fill: "none", stroke: "currentColor", "stroke-width": 1.8 }));
}
