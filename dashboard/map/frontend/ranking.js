// The ranked list: the same figures as the map, as a table that keyboard and screen reader can walk through.
import { element, setText } from "./dom.js";

const FILTER_FROM = 40; // a list longer than this gets a box to find a name in

export class RankingList {
  constructor(box, { onHover, onSelect }) {
    Object.assign(this, { box, onHover, onSelect });
    this.rows = new Map(); // index of the unit -> its row
    this.selected = [];
    this.filter = element("input", { type: "search", class: "filter", autocomplete: "off" });
    this.filter.addEventListener("input", () => this.applyFilter());
    // The roles are those that the elements have by themselves, until style sheets give them another display.
    this.head = element("tr", { role: "row" });
    this.body = element("tbody", { role: "rowgroup" });
    this.table = element("table", { role: "table" });
    this.caption = element("caption", { class: "unseen" });
    this.empty = element("p", { class: "empty", role: "status" });
    this.scroller = element("div", { class: "scroller" },
      this.table);
    this.table.append(this.caption, element("thead", { role: "rowgroup" }, this.head), this.body);
    box.append(this.filter, this.scroller, this.empty);
    this.body.addEventListener("mouseover", (event) => this.onHover(indexOf(event.target)));
    this.body.addEventListener("mouseleave", () => this.onHover(-1));
    this.body.addEventListener("focusin", (event) => { this.moveStop(indexOf(event.target)); this.onHover(indexOf(event.target)); });
    this.body.addEventListener("focusout", () => this.onHover(-1));
    this.body.addEventListener("click", (event) => this.onSelect(indexOf(event.target), event));
    this.body.addEventListener("keydown", (event) => this.onKey(event));
  }

  fill(order, { texts, scale, format }) {
    const withInterval = order.some((unit) => unit.low);
    const withMoves = order.some((unit) => unit.moved !== null);
    const key = order.map((unit) => unit.code).sort().join();
    if (key !== this.key) {
      this.key = key;
      this.rows.clear();
      this.filter.value = "";
    }
    setText(this.caption, texts.list_caption);
    this.filter.hidden = order.length < FILTER_FROM;
    this.box.classList.toggle("long", !this.filter.hidden);
    this.filter.placeholder = texts.list_filter;
    this.filter.setAttribute("aria-label", texts.list_filter);
    this.emptyText = texts.list_empty;
    this.box.setAttribute("aria-label", texts.list_caption);
    const titles = [["place", texts.rank], ["name", texts.name], ["score", texts.score], ["class", scale.inside ? scale.inside.title : texts.risk_class]];
    this.table.classList.toggle("with-interval", withInterval);
    this.table.classList.toggle("with-moves", withMoves);
    this.head.replaceChildren(...titles.map(([name, text]) => element("th", { role: "columnheader", scope: "col", class: name }, text)),
      ...(withInterval ? [element("th", { role: "columnheader", scope: "col", class: "interval", title: texts.interval_hint }, texts.interval)] : []),
      ...(withMoves ? [element("th", { role: "columnheader", scope: "col", class: "moved", title: texts.moved_hint }, texts.moved)] : []));
    // A picture that lacks a dimension says so in its class words: here once in the head, and on hover in each row.
    const short = (word) => word.split(",")[0];
    const longest = Math.max(...[...texts.class_words, texts.no_data].map((word) => short(word).length));
    this.scroller.style.setProperty("--word", longest);
    const focused = this.box.getRootNode().activeElement?.closest?.("tr")?.dataset.index;
    const highest = Math.max(...order.map((unit) => unit.high ?? 0), order.length);
    const look = JSON.stringify([highest, withInterval, withMoves, texts, scale]);
    for (const unit of order) {
      const row = this.rows.get(unit.index) ?? this.addRow(unit);
      const told = JSON.stringify(unit);
      if (row.told === told && look === this.look) continue; // what stays is not written again
      row.told = told;
      const [place, , score, risk, interval, moved] = row.children;
      this.fillPlace(place, unit, texts);
      setText(score, unit.score === null ? "–" : format.format(unit.score));
      const [chip, word] = risk.children;
      const colour = scale.inside ? scale.inside.colours[unit.step] : scale.colours[unit.riskClass];
      chip.className = colour ? "chip" : "chip hatch";
      chip.style.background = colour ?? "";
      const full = scale.inside ? unit.told : unit.riskClass === null ? texts.no_data : texts.class_words[unit.riskClass];
      setText(word, scale.inside ? full : short(full));
      word.title = full;
      interval.hidden = !withInterval;
      fillInterval(interval, unit, highest);
      moved.hidden = !withMoves;
      fillMoved(moved, unit, { texts, format });
    }
    this.look = look;
    this.order = order.map((unit) => unit.index);
    this.body.replaceChildren(...this.order.map((index) => this.rows.get(index)));
    if (focused !== undefined) this.rows.get(Number(focused))?.querySelector("button")?.focus({ preventScroll: true });
    this.moveStop(this.stop in this.order ? this.stop : this.order[0]);
    this.applyFilter();
  }

  addRow(unit) {
    const button = element("button", { type: "button", tabindex: -1, "aria-pressed": "false", title: unit.name }, unit.name);
    const cell = (name, ...children) => element("td", { role: "cell", class: name }, ...children);
    const row = element("tr", { role: "row", "data-index": unit.index }, cell("place"),
      element("th", { role: "rowheader", scope: "row", class: "name" }, button), cell("score"),
      cell("class", element("i"), element("span")), cell("interval", element("i", { class: "bar" }), element("span")), cell("moved"));
    row.plainName = plain(unit.name);
    this.rows.set(unit.index, row);
    return row;
  }

  // A marked unit has its place in a ring, as on the map; the words are there for screen readers and on hover.
  fillPlace(cell, { rank, mark }, texts) {
    const place = rank === null ? "–" : String(rank);
    const words = ["", texts.flagged, texts.unsure][mark];
    cell.title = words;
    if (mark) cell.replaceChildren(element("span", { class: `ring ring-${mark}` }, place), element("span", { class: "unseen" }, ` ${words}`));
    else setText(cell, place);
  }

  applyFilter() {
    const wanted = this.filter.hidden ? "" : plain(this.filter.value);
    let found = 0;
    for (const row of this.rows.values()) {
      row.hidden = !row.plainName.includes(wanted);
      found += row.hidden ? 0 : 1;
    }
    setText(this.empty, found ? "" : this.emptyText);
    if (this.rows.get(this.stop)?.hidden) this.moveStop(this.visible()[0]);
  }

  visible() {
    return this.order.filter((index) => !this.rows.get(index).hidden);
  }

  // One stop for the Tab key in the whole list; the arrow keys move within it.
  moveStop(index) {
    this.rows.get(this.stop)?.querySelector("button").setAttribute("tabindex", "-1");
    this.stop = index;
    this.rows.get(index)?.querySelector("button").setAttribute("tabindex", "0");
  }

  onKey(event) {
    const visible = this.visible();
    const at = visible.indexOf(indexOf(event.target));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: visible.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = visible[Math.max(0, Math.min(visible.length - 1, to))];
    this.rows.get(next).querySelector("button").focus();
  }

  hover(index) {
    this.body.querySelector(".hovered")?.classList.remove("hovered");
    this.rows.get(index)?.classList.add("hovered");
  }

  select(indexes) {
    for (const [chosen, isChosen] of [[this.selected, false], [indexes, true]]) {
      for (const row of chosen.map((index) => this.rows.get(index))) {
        row?.classList.toggle("selected", isChosen);
        row?.querySelector("button").setAttribute("aria-pressed", String(isChosen));
      }
    }
    const added = this.rows.get(indexes.find((index) => !this.selected.includes(index)));
    if (added) this.bringIntoView(added);
    this.selected = indexes;
  }

  // Scrolls the list only; scrollIntoView would move the whole page.
  bringIntoView(row) {
    const { scroller } = this;
    const head = this.head.offsetHeight;
    if (row.offsetTop - head < scroller.scrollTop) scroller.scrollTop = row.offsetTop - head;
    else if (row.offsetTop + row.offsetHeight > scroller.scrollTop + scroller.clientHeight) {
      scroller.scrollTop = row.offsetTop + row.offsetHeight - scroller.clientHeight;
    }
  }
}

const indexOf = (node) => Number(node.closest("tr")?.dataset.index ?? -1);

const plain = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase().trim();

// A place that is sure is one number.
export const span = (low, high) => (low === high ? `${low}` : `${low}–${high}`);

// The interval as a bar on a line from the first to the last place, with a dot at the place itself.
function fillInterval(cell, { low, high, rank }, last) {
  const [bar, text] = cell.children;
  const share = (place) => `${last > 1 ? (((place - 1) / (last - 1)) * 100).toFixed(1) : 0}%`;
  bar.hidden = !low;
  if (low) bar.style.cssText = `--low:${share(low)};--high:${share(high)};--at:${share(rank)}`;
  setText(text, low ? span(low, high) : "");
}

// An arrow and a number; a screen reader hears a word in the place of the arrow.
function fillMoved(cell, { moved }, { texts, format }) {
  const up = moved > 0;
  cell.className = moved ? `moved ${up ? "up" : "down"}` : "moved";
  if (moved === null) return setText(cell, "–");
  const word = element("span", { class: "unseen" }, moved ? `${up ? texts.risen : texts.fallen} ` : texts.unmoved);
  if (!moved) return cell.replaceChildren(element("span", { "aria-hidden": "true" }, "="), word);
  return cell.replaceChildren(word, element("span", { "aria-hidden": "true" }, up ? "▲ " : "▼ "), format.format(Math.abs(moved)));
}
