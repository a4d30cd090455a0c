// By what a reader finds the way: names of the areas, places by size as one zooms in, rivers and lakes. It loads after
// the first map stands. The single file carries it too (folium_map.py), so it imports nothing.

const STEPS = 5000; // of a degree (landmarks.py)
const TOWNS = [[7.1, 150], [8, 100], [8.75, 60], [9.5, 30], [10.25, 20], [Infinity, 0]]; // up to this zoom, from so many thousand
const AREA_ZOOM = { vr: 0, gemeente: 8.75 }; // from this zoom an area has room for its name
const TOWN_ZOOM = { vr: 8, gemeente: 0 }; // among the regions of the whole country a few towns only confuse
const FITS = 1.35; // a name may be this much wider than its area
const GAP = 2; // pixels between names
const MARK = 13; // half the size of a ring

function unpack(steps) {
  let [north, east] = [0, 0];
  const points = [];
  for (let at = 0; at < steps.length; at += 2) {
    north += steps[at];
    east += steps[at + 1];
    points.push([north / STEPS, east / STEPS]);
  }
  return points;
}

// A long name stands in two lines, broken where they come out most alike.
function inLines(name) {
  if (name.length < 12) return [name];
  const breaks = [...name.matchAll(/[ -](?=\S)/g)].map(({ index }) => index + 1).filter((at) => at > 3 && name.length - at > 2);
  if (!breaks.length) return [name];
  const uneven = (at) => Math.abs(at - name.length / 2);
  const at = breaks.reduce((best, one) => (uneven(one) < uneven(best) ? one : best));
  return [name.slice(0, at).trim(), name.slice(at).trim()];
}

export class Landmarks {
  // `covers` are the elements that lie over the map.
  constructor(L, map, { places, rivers, lakes }, covers = []) {
    Object.assign(this, { L, map, covers, shown: null, sizes: new Map() });
    this.towns = places.map(([name, , thousands, north, east]) => ({ name, thousands, place: [north / STEPS, east / STEPS] }));
    for (const [pane, order] of [["water", 410], ["names", 440]]) {
      const made = map.createPane(pane);
      made.style.zIndex = order;
      made.style.pointerEvents = "none";
      made.setAttribute("aria-hidden", "true"); // the list beside the map says the same
    }
    const renderer = L.svg({ pane: "water", padding: 0.4 });
    const style = { renderer, pane: "water", interactive: false, smoothFactor: 0 };
    L.polygon(lakes.map(unpack), { ...style, className: "lake" }).addTo(map);
    L.polyline(rivers.map(unpack), { ...style, className: "river" }).addTo(map);
    this.group = L.layerGroup().addTo(map);
    this.pen = document.createElement("canvas").getContext("2d");
    map.on("moveend resize", () => this.draw());
    map.on("unload", () => { this.shown = null; });
  }

  // `areas` are {name, value, bounds, anchor()} of what is in the picture; `marks` the places of the rings in it.
  // Names come after the colours are painted, and stay where they are as long as they would come out the same.
  show(level, areas, marks) {
    const key = JSON.stringify([level, marks, areas.map(({ name, value }) => [name, value])]);
    if (key === this.key) return;
    this.key = key;
    this.shown = { level, areas, marks };
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => setTimeout(() => this.draw()));
  }

  draw() {
    if (!this.shown) return;
    const { map, shown: { level, areas, marks } } = this;
    const zoom = map.getZoom();
    const view = map.getBounds();
    const isFar = level === "gemeente" && zoom < 8.5;
    this.taken = [
      ...this.covers.filter((one) => getComputedStyle(one).position === "absolute").map((one) => this.boxOf(one)),
      ...[...map.getContainer().querySelectorAll(".neighbour span")].map((one) => this.boxOf(one)),
      ...marks.map((mark) => this.box(map.latLngToContainerPoint(mark), isFar ? 5 : MARK, isFar ? 5 : MARK)),
    ];
    this.placed = [];
    if (zoom >= AREA_ZOOM[level]) {
      const sized = areas.filter((area) => view.intersects(area.bounds)).map((area) => {
        const [west, east] = [area.bounds.getSouthWest(), area.bounds.getNorthEast()].map((corner) => map.latLngToContainerPoint(corner));
        return { area, width: east.x - west.x, height: west.y - east.y };
      });
      sized.sort((one, other) => other.width * other.height - one.width * one.height);
      sized.forEach((one) => this.nameArea(one, level));
    }
    const [, least] = zoom < TOWN_ZOOM[level] ? [0, Infinity] : TOWNS.find(([until]) => zoom < until);
    const named = new Set(this.placed.map(({ name }) => name));
    for (const town of this.towns) {
      if (town.thousands < least) break; // the largest stand first
      if (view.contains(town.place) && !named.has(town.name)) this.nameTown(town);
    }
    this.group.clearLayers();
    for (const { place, offset: [x, y], lines, kind } of this.placed) {
      const span = document.createElement("span");
      span.className = kind;
      span.textContent = lines.join("\n");
      const box = document.createElement("div");
      box.append(span);
      span.style.translate = `${x}px ${y}px`;
      const dot = kind === "town" ? box.appendChild(document.createElement("i")) : null;
      if (dot) dot.className = "dot";
      const icon = this.L.divIcon({ className: "landmark", html: box, iconSize: [0, 0] });
      this.group.addLayer(this.L.marker(place, { icon, pane: "names", interactive: false, keyboard: false }));
    }
  }

  nameArea({ area, width, height }, level) {
    const value = area.value ? [area.value] : [];
    // Where a name and its figure have no room, the figure alone may have.
    const tries = [[...inLines(area.name), ...value], value].filter((lines) => lines.length);
    const sizes = tries.map((lines) => this.measure(lines, "area", level === "vr" ? 600 : 500));
    const fitting = sizes.findIndex(([wide, high]) => wide <= width * FITS && high <= height * FITS);
    if (fitting < 0) return;
    const [lines, [wide, high]] = [tries[fitting], sizes[fitting]];
    const place = area.anchor();
    const at = this.map.latLngToContainerPoint(place);
    const offsets = [[0, 0], [0, MARK + high / 2], [0, -MARK - high / 2]];
    this.put({ name: area.name, place, at, lines, offsets, size: [wide, high], kind: `area ${level}` });
  }

  nameTown({ name, place }) {
    const [wide, high] = this.measure([name], "town", 400);
    const at = this.map.latLngToContainerPoint(place);
    const aside = wide / 2 + 6;
    const offsets = [[aside, 0], [-aside, 0], [0, -high / 2 - 4], [0, high / 2 + 4]];
    this.put({ name, place, at, lines: [name], offsets, size: [wide, high], kind: "town" });
  }

  // At the first of the offsets where it covers nothing; else not at all.
  put({ at, offsets, size: [wide, high], kind, ...name }) {
    const dot = kind === "town" ? [this.box(at, 3, 3)] : [];
    for (const offset of offsets) {
      const boxes = [this.box({ x: at.x + offset[0], y: at.y + offset[1] }, wide / 2 + GAP, high / 2), ...dot];
      if (boxes.some((box) => this.taken.some((other) => overlap(box, other)))) continue;
      this.taken.push(...boxes);
      this.placed.push({ ...name, offset, kind });
      return;
    }
  }

  boxOf(element) {
    const { left, top } = this.map.getContainer().getBoundingClientRect();
    const box = element.getBoundingClientRect();
    return [box.left - left, box.top - top, box.right - left, box.bottom - top];
  }

  box({ x, y }, halfWidth, halfHeight) {
    return [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
  }

  measure(lines, kind, weight) {
    const key = `${kind} ${weight} ${lines.join("\n")}`;
    if (!this.sizes.has(key)) {
      this.pen.font = `${weight} 11px ${getComputedStyle(this.map.getContainer()).fontFamily}`;
      this.sizes.set(key, [Math.max(...lines.map((line) => this.pen.measureText(line).width)), lines.length * 13]);
    }
    return this.sizes.get(key);
  }
}

function overlap([left, top, right, bottom], [otherLeft, otherTop, otherRight, otherBottom]) {
  return left < otherRight && otherLeft < right && top < otherBottom && otherTop < bottom;
}
