// The five fixed classes with their words and how many areas fall in each.
import { element } from "./dom.js";

export class Legend {
  constructor(box) {
    this.box = box;
  }

  fill(units, { texts, scale }) {
    const shown = units.filter((unit) => unit.shown);
    const edges = [0, ...scale.cuts, 10];
    const row = (chip, range, word, count) => element("tr", {},
      element("td", {}, chip), element("td", { class: "range" }, range),
      element("th", { scope: "row" }, word), element("td", { class: "count" }, String(count)));
    const rows = scale.colours.map((colour, index) => {
      const chip = element("i", { class: "chip" });
      chip.style.background = colour;
      return row(chip, `${edges[index]}–${edges[index + 1]}`, texts.class_words[index],
        shown.filter((unit) => unit.riskClass === index).length);
    }).reverse();
    const without = shown.filter((unit) => unit.riskClass === null).length;
    if (without) rows.push(row(element("i", { class: "chip hatch" }), "", texts.no_data, without));
    for (const [mark, sign, word] of [[1, "1", texts.flagged], [2, "?", texts.unsure]]) {
      const count = shown.filter((unit) => unit.mark === mark).length;
      if (count) rows.push(row(element("i", { class: `mark mark-${mark}` }, sign), "", word, count));
    }
    this.box.replaceChildren(element("table", {}, element("caption", {}, texts.legend_title), element("tbody", {}, ...rows)));
  }
}
