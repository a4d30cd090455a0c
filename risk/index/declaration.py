"""What the index is made of: frozen dataclasses that ``model.py`` fills from ``model.toml``.

The steps of the method read these; none of them changes anything here. A copy with indicators switched
off or other weights carries another version, so that it can never pass for the official one.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from geodata.errors import ModelError

CONDITIONS: Final = ("indoor", "cold", "proximity", "agency", "transport", "lodging")
TABLES: Final = ("model", "gemeenten", "veiligheidsregios", "exposure", "sites", "activations", "incidence")
TRANSFORMS: Final = ("linear", "log")
LANGUAGES: Final = ("nl", "en")


@dataclass(frozen=True)
class Text:
    """One text in both languages; ``text["nl"]`` gives the Dutch one."""

    nl: str
    en: str

    def __getitem__(self, lang: str) -> str:
        return self.nl if lang == "nl" else self.en


@dataclass(frozen=True)
class Goalposts:
    """The values that count as 0 and as 10, per level where the level matters.

    Attributes
    ----------
    low_high
        Pairs (low, high) in the indicator's own unit, keyed ``all``, or by level (``gemeente``, ``vr``,
        ``site``) with ``_together`` appended for all sectors together.
    source
        Where the pair comes from, or that it is an assumption.
    """

    low_high: Mapping[str, tuple[float, float]]
    source: Text

    def at(self, level: str, *, together: bool = False) -> tuple[float, float]:
        """Return the pair for a level."""
        for key in (f"{level}_together" if together else level, level, "all"):
            if key in self.low_high:
                return self.low_high[key]
        raise ModelError(f"The model has no goalposts for level {level}; add them in model.toml.")


@dataclass(frozen=True)
class Indicator:
    """One measurable thing that makes the score higher (direction 1) or lower (-1).

    Attributes
    ----------
    table
        The table it needs; without that table the indicator is left out for every unit alike.
    condition
        The column of the sectors' working conditions that it reads, or empty.
    is_smoothed
        True for rates of small counts, which are shrunk with the prior of the same code.
    is_fixed
        True for what nobody on the spot can change (a border, the season, the past).
    max_share
        The largest part of the whole weight it may ever carry (1 = no limit).
    """

    code: str
    route: str
    weight: float
    direction: int
    table: str
    transform: str
    goalposts: Goalposts
    denominator: str
    name: Text
    unit: Text
    why: Text
    more: Text
    less: Text
    evidence: tuple[str, ...] = ()
    condition: str = ""
    is_smoothed: bool = False
    is_fixed: bool = False
    max_share: float = 1.0


@dataclass(frozen=True)
class Route:
    """A group of indicators averaged arithmetically: a route of transmission, size, or context."""

    code: str
    dimension: str
    weight: float
    name: Text


@dataclass(frozen=True)
class Dimension:
    """A factor that is necessary for risk, multiplied with the others; without a required one nothing is scored."""

    code: str
    weight: float
    name: Text
    why: Text
    is_required: bool = False


@dataclass(frozen=True)
class Prior:
    """Gamma prior of a rate: ``shape`` events per ``rate`` units of exposure."""

    shape: float
    rate: float
    source: str


@dataclass(frozen=True)
class SectorConditions:
    """Working and living conditions of a sector, as shares between 0 and 1."""

    shares: Mapping[str, float]
    source: str
    why: Text
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Season:
    """Workers per month, January first; 100 is the sector's average month."""

    months: tuple[float, ...]
    source: str
    why: Text


@dataclass(frozen=True)
class Scale:
    """The constants of the aggregation and the classes."""

    classes: tuple[float, ...]
    floor: float
    minimum_present: float
    exponent: float
    top_share: float
    top_minimum: int
    flag_probability: float
    minimum_cover: float = 0.9


@dataclass(frozen=True)
class TellingApart:
    """When the areas of a sector can be told apart, so that a class, a flag and a place mean something.

    Attributes
    ----------
    minimum_distinct
        Least part of the areas that must have a score of their own.
    minimum_measured
        Least part of the variance of the score that must come from what was measured in each area.
    fewest_n
        With fewer areas than this nothing is judged.
    """

    minimum_distinct: float = 0.5
    minimum_measured: float = 0.2
    fewest_n: int = 10


@dataclass(frozen=True)
class History:
    """Which findings of activations count, and how fast they fade."""

    half_life_weeks: float
    counted_triggers: tuple[str, ...]
    minimum_probability: float


@dataclass(frozen=True)
class Uncertainty:
    """How the index is rebuilt: how often, from which seed, how far weights may move."""

    rebuilds: int
    seed: int
    weight_concentration: float
    choice_rebuilds: int
    condition_concentration: float


@dataclass(frozen=True)
class Contrast:
    """How infections are compared with the country: weights in doublings, and what is added to small counts.

    Attributes
    ----------
    own, around, rising
        Weights of the area's own rate, its neighbours' and its rise.
    around_km
        The neighbours' weight falls by a factor e every so many kilometres.
    around_prior
        Hundred thousands of inhabitants at the country's rate, added to the neighbours.
    rising_prior
        Cases at the country's rate, added to each of the two weeks.
    """

    own: float
    around: float
    rising: float
    around_km: float
    around_prior: float
    rising_prior: float


@dataclass(frozen=True)
class Index:
    """A tree of dimensions, routes and indicators: what the aggregation needs, and nothing else.

    `drops_missing` tells that a dimension a unit lacks is left out for that unit (sites); otherwise the
    unit is not scored (areas).
    """

    dimensions: tuple[Dimension, ...]
    routes: tuple[Route, ...]
    indicators: tuple[Indicator, ...]
    drops_missing: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the indicator codes in the order of the columns."""
        return tuple(indicator.code for indicator in self.indicators)

    def without(self, off: Collection[str]) -> "Index":
        """Return a copy in which some indicators weigh nothing and their siblings carry their weight."""
        left = {route.code: 0.0 for route in self.routes}
        for indicator in self.indicators:
            left[indicator.route] += 0.0 if indicator.code in off else indicator.weight
        indicators = tuple(
            replace(i, weight=0.0 if i.code in off or not left[i.route] else i.weight / left[i.route])
            for i in self.indicators
        )
        whole = {dimension.code: 0.0 for dimension in self.dimensions}
        for route in self.routes:
            whole[route.dimension] += route.weight if left[route.code] else 0.0
        routes = tuple(
            replace(r, weight=r.weight / whole[r.dimension] if left[r.code] and whole[r.dimension] else 0.0)
            for r in self.routes
        )
        return replace(self, indicators=indicators, routes=routes)


@dataclass(frozen=True)
class Model:
    """The whole declaration, checked.

    Attributes
    ----------
    version
        The number in the file and eight characters of a digest of its content, such as ``1.0.0-1a2b3c4d``.
    areas, sites
        The two indices: for areas and sectors, and for sites.
    leave_out_of_together
        Sectors that are shown but do not count in "all sectors together", unless the source of their workers
        names the estimate `counted_when_moved_by`.
    switched_off
        Indicators that a copy of the model leaves out.
    """

    version: str
    scale: Scale
    areas: Index
    sites: Index
    conditions: Mapping[str, SectorConditions]
    seasons: Mapping[str, Season]
    priors: Mapping[str, Prior]
    contrast: Contrast
    history: History
    uncertainty: Uncertainty
    site_kinds: Mapping[str, float]
    site_sizes: Mapping[str, tuple[float, float]]
    site_kind_sizes: Mapping[str, Mapping[str, tuple[float, float]]]
    site_goalposts: Mapping[str, tuple[float, float]]
    leave_out_of_together: tuple[str, ...]
    counted_when_moved_by: str
    why_left_out: Text
    disease: str
    switched_off: tuple[str, ...] = ()
    telling_apart: TellingApart = TellingApart()

    def indicator(self, code: str) -> Indicator:
        """Return an indicator of either index by its code.

        Raises
        ------
        ModelError
            No indicator has that code.
        """
        for indicator in (*self.areas.indicators, *self.sites.indicators):
            if indicator.code == code:
                return indicator
        raise ModelError(f"The model has no indicator {code!r}; choose one of {', '.join(self.areas.codes)}.")

    def without(self, *codes_off: str) -> "Model":
        """Return a copy in which some indicators are switched off.

        Their weight goes to the others of their route, so that nothing is incomplete for the lack of them. The
        official version stays as it is.
        """
        for code in codes_off:
            self.indicator(code)
        off = tuple(sorted({*self.switched_off, *codes_off}))
        areas, sites = self.areas.without(off), self.sites.without(off)
        return replace(
            self,
            areas=areas,
            sites=sites,
            version=f"{self.version.split('+')[0]}+without-{'-'.join(off)}",
            switched_off=off,
        )
