// TopoJSON to rings of [latitude, longitude], with a point inside each area for its mark.

function decodeArcs({ arcs, transform }) {
  if (!transform) return arcs.map((arc) => arc.map(([x, y]) => [y, x]));
  const [scaleX, scaleY] = transform.scale;
  const [startX, startY] = transform.translate;
  return arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([stepX, stepY]) => {
      x += stepX;
      y += stepY;
      return [y * scaleY + startY, x * scaleX + startX];
    });
  });
}

function joinRing(indices, arcs) {
  const ring = [];
  for (const index of indices) {
    const arc = index < 0 ? arcs[~index].slice().reverse() : arcs[index];
    ring.push(...(ring.length ? arc.slice(1) : arc));
  }
  return ring;
}

function signedArea(ring) {
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    sum += (ring[j][1] - ring[i][1]) * (ring[j][0] + ring[i][0]);
  }
  return sum / 2;
}

// Distance from a point to the outline, negative outside; longitudes shrunk so that both axes count alike.
function depth(point, rings, shrink) {
  let inside = false;
  let nearest = Infinity;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [ay, ax] = ring[i];
      const [by, bx] = ring[j];
      if (ay > point[0] !== by > point[0] && point[1] < ((bx - ax) * (point[0] - ay)) / (by - ay) + ax) {
        inside = !inside;
      }
      const dx = (bx - ax) * shrink;
      const dy = by - ay;
      const px = (point[1] - ax) * shrink;
      const py = point[0] - ay;
      const along = dx || dy ? Math.max(0, Math.min(1, (px * dx + py * dy) / (dx * dx + dy * dy))) : 0;
      nearest = Math.min(nearest, Math.hypot(px - along * dx, py - along * dy));
    }
  }
  return inside ? nearest : -nearest;
}

// The roomiest point of a coarse grid over the largest part: good enough for a mark, and fast.
export function roomiestPoint(polygons) {
  const rings = polygons.reduce((best, polygon) =>
    Math.abs(signedArea(polygon[0])) > Math.abs(signedArea(best[0])) ? polygon : best);
  const ys = rings[0].map(([y]) => y);
  const xs = rings[0].map(([, x]) => x);
  const [south, north, west, east] = [Math.min(...ys), Math.max(...ys), Math.min(...xs), Math.max(...xs)];
  const shrink = Math.cos(((south + north) / 2) * (Math.PI / 180));
  const steps = 12;
  let found = null;
  let deepest = -Infinity;
  for (let row = 1; row < steps; row++) {
    for (let column = 1; column < steps; column++) {
      const point = [south + ((north - south) * row) / steps, west + ((east - west) * column) / steps];
      const room = depth(point, rings, shrink);
      if (room > deepest) [found, deepest] = [point, room];
    }
  }
  return found;
}

// Arcs that two regions share; the coast is left out, or a thick line would hide a narrow island.
function sharedArcs({ geometries }, arcs) {
  const uses = new Map();
  for (const index of geometries.flatMap((geometry) => geometry.arcs.flat(Infinity))) {
    const arc = index < 0 ? ~index : index;
    uses.set(arc, (uses.get(arc) ?? 0) + 1);
  }
  return [...uses].filter(([, count]) => count > 1).map(([arc]) => arcs[arc]);
}

// Areas per level, in the order of the file: {code, name, vr, polygons: [[ring, hole, ...], ...]}, and the
// borders between regions as lines; each is made when it is first asked for.
export function decodeTopology(topology) {
  const arcs = decodeArcs(topology);
  const { objects } = topology;
  const areas = ({ geometries }) => geometries.map(({ type, arcs: parts, properties }) => ({
    ...properties,
    polygons: (type === "MultiPolygon" ? parts : [parts]).map((polygon) =>
      polygon.map((ring) => joinRing(ring, arcs))),
  }));
  const made = {};
  return {
    get vr() { return (made.vr ??= areas(objects.vr)); },
    get gemeente() { return (made.gemeente ??= areas(objects.gemeente)); },
    get regionBorders() { return (made.borders ??= sharedArcs(objects.vr, arcs)); },
  };
}
