// The component: one live picture per mounted element, kept through every new message.
import { element, setText } from "./dom.js";
import { decodeTopology } from "./topology.js";
import { NOT_SHOWN, rankingOrder, readUnits } from "./units.js";
import { AreaMap } from "./areas.js";
import { Drawing } from "./drawing.js";
import { Across } from "./across.js";
import { RankingList, span } from "./ranking.js";
import { Legend } from "./legend.js";
import { SiteLayer, deliverSites, listenToSites } from "./sites.js";
import { deliverFigures, figuresOf, forgetFigures } from "./figures.js";
import { WORDS } from "./words.js"; // made when the files are published

const leaflet = import("./leaflet.js").then(() => window.L); // loads while the boundaries and the style do
const STYLES = ["./leaflet.css", "./map.css"];
const MOST = 4; // areas that can be compared at once
const pictures = new WeakMap(); // mounted element -> picture
const lastViews = new Map(); // boundaries -> view, so that a visit to another page does not lose it
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
    this.beside = []; // further areas, where several can be chosen
    this.selectedSite = "";
    this.told = {}; // what the page last said was selected
    this.banner = element("p", { class: "band", role: "status", hidden: true });
    this.canvas = element("div", { class: "map" });
    this.note = element("p", { class: "note", role: "status" });
    this.legend = new Legend();
    this.credit = element("p", { class: "credit" });
    this.sheet = element("div", { class: "sheet" }, this.canvas, this.note, this.legend.classes, this.credit);
    this.stage = element("section", { class: "stage" }, this.banner, this.sheet, this.legend.notes, this.legend.sites);
    this.listBox = element("section", { class: "ranking" });
    this.frame = element("div", { class: "picture" }, this.stage, this.listBox);
    this.host = element("div", { class: "host" }, this.frame);
    this.showNoteAlone(true); // until the style is there the rest would stand bare
    this.styles = Promise.all(STYLES.map((name) => loadStyle(root, name)));
    root.append(this.host);
    this.ahead = null; // a sector that was chosen and that the page has yet to answer
    this.onConnection = ({ detail }) => (detail.isThere ? this.sendAgain() : this.expect(null));
    window.addEventListener("risicobeeld:connection", this.onConnection);
    this.onChoice = ({ detail }) => {
      const choice = new URLSearchParams(detail);
      if (choice.has("sector") && choice.size === 1) this.expect(choice.get("sector"));
    };
    window.addEventListener("risicobeeld:choice", this.onChoice);
    this.onPaper = ({ detail }) => {
      this.host.classList.toggle("paper", detail.isOnPaper);
      this.areas?.takeSize(detail.isOnPaper);
      if (this.sites) this.siteLayer.onPaper(detail.isOnPaper);
    };
    window.addEventListener("risicobeeld:paper", this.onPaper);
    this.onView = ({ detail }) => {
      if (detail.from !== this && detail.together === this.data?.together) this.areas?.follow(detail.view);
    };
    window.addEventListener("risicobeeld:view", this.onView);
    this.list = new RankingList(this.listBox, {
      onHover: (index) => this.hover(index),
      onSelect: (index, event) => this.choose(index, event),
    });
  }

  async show(component) {
    const { setTriggerValue } = component;
    const data = { ...component.data, texts: { ...WORDS[component.data.texts.language], ...component.data.texts } };
    if (data.figures && this.channel !== data.figures) { // while an indicator is shown they wait
      forgetFigures(this.channel);
      this.channel = data.figures;
    }
    this.data = data;
    if (data.sector === this.ahead || !figuresOf(data.figures, this.ahead)) this.ahead = null;
    this.send = setTriggerValue;
    this.host.lang = data.texts.language;
    this.host.style.setProperty("--height", `var(--rb-map-height, ${data.height}px)`); // a page may know better
    [["ground", 0], ["line", 1]].forEach(([name, at]) => this.host.style.setProperty(`--hatch-${name}`, data.scale.noData[at]));
    this.banner.hidden = !data.texts.banner;
    this.listBox.hidden = !data.hasList;
    setText(this.banner, data.texts.banner);
    if (!this.areas) setText(this.note, data.texts.loading);
    let geometry;
    try {
      [geometry, this.L] = await Promise.all([loadGeometry(data.geometry), leaflet, this.styles]);
    } catch {
      setText(this.note, data.texts.failed);
      return;
    }
    if (this.gone || this.data !== data) return; // a newer message overtook this one
    this.showNoteAlone(false);
    setText(this.note, "");
    this.draw(geometry);
  }

  showNoteAlone(isAlone) {
    this.frame.style.visibility = isAlone ? "hidden" : "";
    this.note.style.visibility = isAlone ? "visible" : "";
  }

  draw(geometry) {
    const { data } = this;
    const { texts } = data;
    const scale = { ...data.scale, inside: data.inside };
    const figures = this.figures();
    this.units = readUnits(geometry[data.level], figures, data.inside);
    this.legend.fill(this.units, { texts, scale, over: data.over }); // first, for the map makes room for it
    if (!this.areas || this.geometry !== geometry) {
      this.followSites("");
      this.areas?.remove();
      this.geometry = geometry;
      this.areas = new AreaMap(this.L, this.canvas, geometry, {
        onHover: (index) => this.hover(index),
        onSelect: (index, event) => this.choose(index, event),
        onOne: () => this.beside.length && this.chosen([this.selected]),
        onTiles: () => this.showCredit(true),
        describe: (index) => this.describeArea(this.units[index]),
        legend: this.legend.classes,
        view: lastViews.get(data.geometry),
        onView: (view) => this.tellView(view),
      });
      this.drawing = new Drawing(this.L, this.areas, {
        onDrawn: (corners) => this.send("drawn", corners),
        mayDraw: () => !this.isAway,
      });
      this.across = new Across(this.L, this.areas.map, { onSelect: (name) => this.isAway || this.send("across", name) });
    }
    // The page's choice counts when it changes; an older answer must not undo a newer click.
    for (const name of ["selected", "selectedSite"]) {
      if (data[name] !== this.told[name]) this[name] = this.told[name] = data[name];
    }
    if (String(data.beside ?? "") !== this.told.beside) {
      this.told.beside = String(data.beside ?? "");
      this.beside = data.beside ?? [];
      if (this.beside.length) this.areas.choosesSeveral = true;
    }
    this.areas.offerSeveral(data.beside !== null);
    this.drawing.show(data.drawn, texts);
    this.across.show(data.across);
    this.format = new Intl.NumberFormat(texts.language, { minimumFractionDigits: 1, maximumFractionDigits: 2 });
    this.areas.label(texts);
    const figure = (unit) => (unit.score === null ? "" : this.format.format(unit.score));
    this.areas.values = data.values && (data.inside ? (unit) => (unit.step === null ? "" : unit.told) : figure);
    this.areas.paint(data.level, this.units, scale);
    this.areas.drawOver(data.over);
    this.areas.focusOn(data.focus);
    this.areas.lookForTiles(data.tiles);
    const listed = JSON.stringify([data.level, figures, texts, data.inside]);
    if (listed !== this.listed) this.list.fill(rankingOrder(this.units, texts.language), { texts, scale, format: this.format });
    this.listed = listed;
    this.showCredit(this.areas.hasTiles);
    this.showSelection();
    this.followSites(data.sites);
  }

  // What was chosen goes before what the page last said; drawn into an area, only that area is shown.
  figures() {
    const { areas, figures, focus } = this.data;
    const ahead = figuresOf(figures, this.ahead);
    if (!ahead || !focus) return ahead ?? areas;
    return { ...ahead, classes: [...ahead.classes].map((letter, at) => (areas.classes[at] === NOT_SHOWN ? NOT_SHOWN : letter)).join("") };
  }

  // Paint a chosen sector at once; what is not here, and the reasons, come with the page's answer.
  expect(sector) {
    const now = figuresOf(this.data?.figures, sector) ? sector : null;
    if (!this.areas || now === this.ahead) return;
    this.ahead = now;
    this.draw(this.geometry);
  }

  // The maps of one page that belong together show the same part of the country.
  tellView(view) {
    const { together } = this.data;
    if (together) window.dispatchEvent(new CustomEvent("risicobeeld:view", { detail: { from: this, together, view } }));
  }

  followSites(name) {
    if (name === this.siteChannel) {
      this.showSites();
      if (this.sites && this.data.texts.language !== this.siteLanguage) this.legend.fillSites(this.sites, this.data.texts);
      this.siteLanguage = this.data.texts.language;
      return;
    }
    this.stopSites?.();
    this.siteChannel = name;
    this.siteLayer?.remove();
    this.siteLayer = this.sites = this.stopSites = null;
    this.legend.fillSites(null);
    if (!name) return;
    this.stopSites = listenToSites(name, (sites) => {
      this.sites = sites;
      this.siteLayer ??= new SiteLayer(this.L, this.areas.map, {
        onHover: (index) => this.areas.tip.show(index < 0 ? null : this.siteLayer.place(index), () => this.describeSite(index), true),
        onSelect: (index) => this.chooseSite(index),
      });
      this.siteLayer.fill(sites, this.data.scale);
      this.legend.fillSites(sites, this.data.texts);
      this.showSites();
    });
  }

  showSites() {
    if (!this.sites) return;
    this.siteLayer.select(this.sites.ids.indexOf(this.selectedSite));
  }

  // What cannot be answered now is not chosen: map and reasons would disagree.
  get isAway() {
    return document.documentElement.hasAttribute("data-away");
  }

  chooseSite(index) {
    if (this.isAway) return;
    const id = this.sites.ids[index];
    this.selectedSite = id === this.selectedSite ? "" : id;
    this.showSites();
    this.send("selected_site", this.selectedSite);
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

  // A plain click chooses one; with a key held down, or after the button on the map, it adds or takes away.
  choose(index, event) {
    const code = this.units[index]?.code;
    if (!code || this.isAway) return;
    const before = [this.selected, ...this.beside].filter((one) => this.indexOf(one) >= 0);
    const others = before.filter((one) => one !== code);
    const adds = this.data.beside !== null && (this.areas.choosesSeveral || event.ctrlKey || event.metaKey || event.shiftKey);
    let chosen = before.length === 1 && before[0] === code ? [] : [code];
    if (adds) chosen = others.length < before.length ? others : [...before.slice(0, MOST - 1), code];
    this.chosen(chosen);
  }

  chosen(codes) {
    if (this.isAway) return;
    [this.selected = "", ...this.beside] = codes;
    this.showSelection();
    this.send("selected", codes.join());
  }

  // A choice that the page did not answer before the connection went.
  sendAgain() {
    if (!this.areas) return;
    const { selected, beside, selectedSite } = this.data;
    const now = [this.selected, ...this.beside].filter(Boolean).join();
    if (now !== [selected, ...(beside ?? [])].filter(Boolean).join()) this.send("selected", now);
    if (this.selectedSite !== selectedSite) this.send("selected_site", this.selectedSite);
  }

  showSelection() {
    const indexes = [this.selected, ...this.beside].map((code) => this.indexOf(code)).filter((index) => index >= 0);
    this.areas.select(indexes);
    this.list.select(indexes);
  }

  scoreLine(riskClass, score) {
    const { texts, scale } = this.data;
    if (riskClass === null) return element("span", {}, texts.no_data);
    const chip = element("i", { class: "chip" });
    chip.style.background = scale.colours[riskClass];
    return element("span", {}, chip, `${this.format.format(score)} · ${texts.class_words[riskClass]}`);
  }

  describeArea(unit) {
    const { texts } = this.data;
    const lines = [element("strong", {}, unit.name), this.scoreLine(unit.riskClass, unit.score)];
    if (this.data.inside) lines.push(element("span", {}, `${this.data.inside.title}: ${unit.told}`));
    if (unit.rank) {
      const interval = unit.low ? ` (${span(unit.low, unit.high)})` : "";
      lines.push(element("span", { class: "muted" }, `${texts.rank} ${unit.rank}${interval}`));
    }
    if (unit.mark) lines.push(element("span", { class: "muted" }, unit.mark === 1 ? texts.flagged : texts.unsure));
    const over = this.data.level === "gemeente" ? this.data.over : null;
    const at = over ? over.places.indexOf(unit.index) : -1;
    if (at >= 0) lines.push(element("span", { class: "muted" }, over.notes[at] || over.word));
    return element("div", { class: "tip" }, ...lines);
  }

  describeSite(index) {
    const { names, kinds, classes, scores } = this.sites;
    return element("div", { class: "tip" }, element("strong", {}, names[index]),
      element("span", { class: "muted" }, this.data.texts.kind_words[kinds[index]]),
      this.scoreLine(classes[index] < 0 ? null : classes[index], scores[index]));
  }

  remove() {
    this.gone = true;
    window.removeEventListener("risicobeeld:connection", this.onConnection);
    window.removeEventListener("risicobeeld:choice", this.onChoice);
    window.removeEventListener("risicobeeld:paper", this.onPaper);
    window.removeEventListener("risicobeeld:view", this.onView);
    if (this.areas) lastViews.set(this.data.geometry, this.areas.view());
    this.stopSites?.();
    this.siteLayer?.remove();
    this.areas?.remove();
  }
}

export default function show(component) {
  if (component.data.channel) {
    (component.data.holds === "figures" ? deliverFigures : deliverSites)(component.data, component.carried[0]);
    return () => {};
  }
  if (component.carried.length) deliverFigures(JSON.parse(component.carried[0]), component.carried[1]); // few enough
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
