// The component: one live picture per mounted element, kept through every new message.
import * as L from "./leaflet.js";
import { element, setText } from "./dom.js";
import { decodeTopology } from "./topology.js";
import { rankingOrder, readUnits } from "./units.js";
import { AreaMap } from "./areas.js";
import { RankingList } from "./ranking.js";
import { Legend } from "./legend.js";

const pictures = new WeakMap(); // mounted element -> picture
const lastViews = new Map(); // component name -> view, so that a visit to another page does not lose it
const geometries = new Map(); // address -> promise of areas

function loadGeometry(address) {
  const url = new URL(address, document.baseURI).href;
  if (!geometries.has(url)) {
    // The name carries the content's hash, so a cached copy is always right.
    const loading = fetch(url, { cache: "force-cache" })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
      .then(decodeTopology);
    loading.catch(() => geometries.delete(url)); // a next message may try again
    geometries.set(url, loading);
  }
  return geometries.get(url);
}

function loadStyle(root, address) {
  return new Promise((resolve) => {
    const link = element("link", { rel: "stylesheet", href: new URL(address, import.meta.url).href });
    link.addEventListener("load", resolve);
    link.addEventListener("error", resolve); // without style the list still reads well
    root.append(link);
  });
}

class Picture {
  constructor(root) {
    this.units = [];
    this.selected = "";
    this.pythonSelected = undefined;
    this.band = element("p", { class: "band", role: "status", hidden: true });
    this.canvas = element("div", { class: "map" });
    this.note = element("p", { class: "note", role: "status" });
    this.legendBox = element("div", { class: "legend" });
    this.credit = element("p", { class: "credit" });
    this.stage = element("section", { class: "stage" }, this.band, this.canvas, this.note, this.legendBox, this.credit);
    this.listBox = element("section", { class: "ranking" });
    this.frame = element("div", { class: "picture loading" }, this.stage, this.listBox);
    this.host = element("div", { class: "host" }, this.frame);
    this.styles = Promise.all([loadStyle(root, "./leaflet.css"), loadStyle(root, "./map.css")]);
    root.append(this.host);
    this.legend = new Legend(this.legendBox);
    this.list = new RankingList(this.listBox, {
      onHover: (index) => this.hover(index),
      onSelect: (index) => this.choose(index),
    });
  }

  async show(component) {
    const { data, setTriggerValue } = component;
    this.data = data;
    this.send = setTriggerValue;
    this.host.lang = data.texts.language;
    this.host.style.setProperty("--height", `${data.height}px`);
    this.band.hidden = !data.texts.band;
    setText(this.band, data.texts.band);
    if (!this.areas) setText(this.note, data.texts.loading);
    let geometry;
    try {
      [geometry] = await Promise.all([loadGeometry(data.geometry), this.styles]);
    } catch {
      setText(this.note, data.texts.failed);
      return;
    }
    if (this.gone || this.data !== data) return; // a newer message overtook this one
    this.frame.classList.remove("loading");
    setText(this.note, "");
    this.draw(geometry);
  }

  draw(geometry) {
    const { data } = this;
    const { texts, scale } = data;
    if (!this.areas || this.geometry !== geometry) {
      this.areas?.remove();
      this.geometry = geometry;
      this.areas = new AreaMap(L, this.canvas, geometry, {
        onHover: (index) => this.hover(index),
        onSelect: (index) => this.choose(index),
        onTiles: () => this.showCredit(true),
        describe: (index) => this.describe(this.units[index]),
        view: lastViews.get(data.geometry),
      });
    }
    if (data.selected !== this.pythonSelected) {
      this.pythonSelected = data.selected;
      this.selected = data.selected;
    }
    this.format = new Intl.NumberFormat(texts.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.units = readUnits(geometry[data.level], data.areas);
    this.areas.label(texts);
    this.areas.paint(data.level, this.units, scale);
    this.areas.focusOn(data.focus);
    this.areas.lookForTiles(data.tiles);
    this.list.fill(rankingOrder(this.units, texts.language), { texts, scale, format: this.format });
    this.legend.fill(this.units, { texts, scale });
    this.showCredit(this.areas.hasTiles);
    this.showSelection();
  }

  showCredit(withTiles) {
    const { attribution, tile_attribution: tiles } = this.data.texts;
    setText(this.credit, withTiles ? `${attribution} · ${tiles}` : attribution);
  }

  indexOf(code) {
    return this.units.findIndex((unit) => unit.code === code && unit.shown);
  }

  hover(index) {
    this.areas?.hover(index);
    this.list.hover(index);
  }

  choose(index) {
    const code = this.units[index]?.code ?? "";
    this.selected = code === this.selected ? "" : code;
    this.showSelection();
    this.send("selected", this.selected);
  }

  showSelection() {
    const index = this.indexOf(this.selected);
    this.areas.select(index);
    this.list.select(index);
  }

  describe(unit) {
    const { texts, scale } = this.data;
    const lines = [element("strong", {}, unit.name)];
    if (unit.riskClass === null) {
      lines.push(element("span", {}, texts.no_data));
    } else {
      const chip = element("i", { class: "chip" });
      chip.style.background = scale.colours[unit.riskClass];
      lines.push(element("span", {}, chip, `${this.format.format(unit.score)} · ${texts.class_words[unit.riskClass]}`));
      const interval = unit.low ? ` (${unit.low}–${unit.high})` : "";
      lines.push(element("span", { class: "muted" }, `${texts.rank} ${unit.rank}${interval}`));
    }
    if (unit.mark) lines.push(element("span", { class: "muted" }, unit.mark === 1 ? texts.flagged : texts.unsure));
    return element("div", { class: "tip" }, ...lines);
  }

  remove() {
    this.gone = true;
    if (this.areas) lastViews.set(this.data.geometry, this.areas.view());
    this.areas?.remove();
  }
}

export default function show(component) {
  const root = component.parentElement;
  let picture = pictures.get(root);
  if (!picture) {
    picture = new Picture(root);
    pictures.set(root, picture);
  }
  // Streamlit may clean up an overtaken call after a newer one ran: only the newest may take the picture down.
  const turn = Symbol("turn");
  picture.turn = turn;
  picture.show(component);
  return () => {
    if (picture.turn !== turn) return;
    picture.remove();
    picture.host.remove();
    pictures.delete(root);
  };
}
