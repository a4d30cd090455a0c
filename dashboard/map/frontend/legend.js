// The five fixed classes with their words and counts, and the kinds of site; each can be folded away.
import { element, setText } from "./dom.js";
import { shapeSign } from "./sites.js";
import { fifthOf } from "./units.js";

function chipOf(colour) {
  const chip = element("i", { class: "chip" });
  chip.style.background = colour;
  return chip;
}

export class Legend {
  constructor() {
    this.classTitle = element("summary");
    this.classRows = element("tbody");
    this.classes = element("details", { class: "card classes", open: true }, this.classTitle, element("table", {}, this.classRows));
    this.notes = element("p", { class: "card notes", hidden: true });
    this.siteTitle = element("summary");
    this.siteRows = element("ul");
    this.unplaced = element("li", { class: "unplaced" });
    this.sites = element("details", { class: "card sites", open: true, hidden: true }, this.siteTitle, this.siteRows);
  }

  fill(units, { texts, scale, over }) {
    const { inside } = scale;
    this.notes.hidden = !inside;
    this.notes.replaceChildren(...(inside?.notes ?? []).map((note) => element("span", {}, note)));
    setText(this.classTitle, inside ? inside.title : scale.rankedN ? texts.place_title : texts.legend_title);
    const shown = units.filter((unit) => unit.shown);
    const edges = [0, ...scale.cuts, 10];
    const row = (sign, steps, word, count) => element("tr", {},
      element("td", {}, sign), element("td", { class: "steps" }, steps),
      element("th", { scope: "row" }, word), element("td", { class: "count" }, String(count)));
    const byPlace = () => scale.places.map((colour, fifth) => {
      const inside = shown.filter((unit) => unit.rank && fifthOf(unit, scale) === fifth);
      return row(chipOf(colour), "", texts.place_words[fifth], inside.length);
    });
    const byStep = () => inside.colours.map((colour, step) =>
      row(chipOf(colour), "", inside.words[step], shown.filter((unit) => unit.step === step).length));
    const rows = inside ? byStep() : scale.rankedN ? byPlace() : scale.colours.map((colour, index) => {
      return row(chipOf(colour), `${edges[index]}–${edges[index + 1]}`, texts.class_words[index],
        shown.filter((unit) => unit.riskClass === index).length);
    }).reverse();
    const without = shown.filter((unit) => (scale.rankedN ? !unit.rank : unit.riskClass === null)).length;
    for (const reason of inside?.reasons ?? []) {
      const there = shown.filter((unit) => unit.step === null && unit.told === reason).length;
      if (there) rows.push(row(element("i", { class: "chip hatch" }), "", reason, there));
    }
    if (without && !inside) rows.push(row(element("i", { class: "chip hatch" }), "", texts.no_data, without));
    for (const [mark, sign, word] of [[1, "1", texts.flagged], [2, "?", texts.unsure]]) {
      const count = shown.filter((unit) => unit.mark === mark).length;
      if (count) rows.push(row(element("i", { class: `ring ring-${mark}` }, sign), "", word, count));
    }
    if (over) {
      const sign = element("i", { class: "chip over" });
      sign.style.borderColor = over.colour;
      rows.push(row(sign, "", over.word, over.places.length));
    }
    this.classRows.replaceChildren(...rows);
  }

  // Sites per kind; a site without a place is counted too, and said to be missing from the map.
  fillSites(sites, texts) {
    this.sites.hidden = !sites;
    if (!sites) return;
    const counts = new Array(sites.shapes.length).fill(0);
    sites.kinds.forEach((kind) => { counts[kind] += 1; });
    const unplaced = sites.longitudes.reduce((sum, degrees) => sum + Number(Number.isNaN(degrees)), 0);
    setText(this.siteTitle, `${texts.sites}: ${sites.ids.length}`);
    setText(this.unplaced, unplaced ? `${unplaced} ${texts.sites_unplaced}` : "");
    const rows = sites.shapes.flatMap((shape, kind) => (counts[kind]
      ? [element("li", {}, shapeSign(shape), element("span", {}, texts.kind_words[kind]), element("span", { class: "count" }, String(counts[kind])))]
      : []));
    this.siteRows.replaceChildren(...rows, ...(unplaced ? [this.unplaced] : []));
  }
}
