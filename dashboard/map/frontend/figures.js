// The figures of every sector of what is shown, in a message of their own: a change of sector is painted before the
// server answers.
const kept = new Map(); // channel -> {digest, sectors}

// Called for the component that only carries figures; the same ones again are not even read.
export function deliverFigures({ channel, digest }, body) {
  if (kept.get(channel)?.digest === digest) return;
  kept.set(channel, { digest, sectors: JSON.parse(body) });
}

export const figuresOf = (channel, sector) => kept.get(channel)?.sectors[sector] ?? null;

// Of another week or level that is no longer shown.
export const forgetFigures = (channel) => kept.delete(channel);
