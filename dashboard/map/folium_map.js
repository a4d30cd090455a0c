// What folium has no element for. Words enter the page as text, so a name can never become markup.
const risicobeeld = {
  shapes: [],

  tip(feature, layer) {
    const lines = feature.properties.tip;
    if (!lines.length) return;
    layer.bindTooltip(() => {
      const box = document.createElement("div");
      box.className = "tip";
      lines.forEach((line, index) => {
        const part = document.createElement(index ? "span" : "strong");
        part.textContent = line;
        box.append(part);
      });
      return box;
    }, { sticky: true, direction: "top", opacity: 1, offset: [0, -8] });
  },

  // A marked area has a ring in it with its place.
  mark({ properties: { mark, sign, level } }, latlng) {
    const ring = document.createElement("span");
    ring.className = `ring ring-${mark}`;
    ring.textContent = sign;
    const icon = L.divIcon({ className: level, html: ring, iconSize: [0, 0] });
    return L.marker(latlng, { icon, interactive: false, keyboard: false });
  },

  // A neighbouring country is named where it begins.
  neighbour({ properties: { name } }, latlng) {
    const html = document.createElement("span");
    html.textContent = name;
    return L.marker(latlng, { icon: L.divIcon({ className: "neighbour", html, iconSize: [0, 0] }), interactive: false, keyboard: false });
  },

  // A site is a circle marker on a canvas that draws the shape of its kind instead of a circle.
  site(feature, latlng) {
    risicobeeld.Site ??= L.CircleMarker.extend({
      _updatePath() {
        const { _drawing: drawing, _ctx: pen } = this._renderer;
        if (!drawing || this._empty()) return;
        pen.save();
        pen.translate(this._point.x - 6, this._point.y - 6);
        pen.scale(0.75, 0.75);
        const shape = new Path2D(risicobeeld.shapes[this.options.kind]);
        [["#fff", 5], ["#16202c", 2]].forEach(([colour, width]) => {
          pen.strokeStyle = colour;
          pen.lineWidth = width;
          pen.stroke(shape);
        });
        pen.fillStyle = this.options.shade;
        pen.fill(shape);
        pen.restore();
      },
    });
    risicobeeld.canvas ??= L.canvas({ pane: "markerPane" });
    const { kind, fill: shade } = feature.properties;
    return new risicobeeld.Site(latlng, { radius: 7, renderer: risicobeeld.canvas, pane: "markerPane", kind, shade });
  },

  finish(map, { hatch: [ground, line], level, landmarks, areas }) {
    const make = (tag, attributes, ...children) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
      made.append(...children);
      return made;
    };
    map.getPanes().overlayPane.querySelector("svg").prepend(make("defs", {},
      make("pattern", { id: "rb-hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        make("rect", { width: 6, height: 6, fill: ground }),
        make("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: line, "stroke-width": 2.4 }))));
    map.invalidateSize();
    const names = new Landmarks(L, map, landmarks, [...document.querySelectorAll(".card.classes")]);
    const marks = [];
    map.eachLayer((layer) => { if (layer.options.icon?.options.html?.classList?.contains("ring")) marks.push(layer.getLatLng()); });
    names.show(level, areas.map(([name, bounds, anchor, value]) => ({ name, value, bounds: L.latLngBounds(bounds), anchor: () => anchor })), marks);
  },
};
