"""The sites of which finding out what is missing would change a plan most."""

from markupsafe import Markup

from dashboard.parts import links, site_figures, tables
from geodata import site_kinds
from risk.targets.plan import Plan
from words import Texts

_LISTED_N = 5


def draw(texts: Texts, plan: Plan) -> None:
    """Draw the few sites where finding out brings most to the first of all sites; nothing where it brings nothing."""
    sites = plan.sites[plan.sites["finding_out_gain_0_10"] > 0]
    if sites.empty:
        return
    highest = sites.sort_values(["finding_out_gain_0_10", "site_id"], ascending=[False, True]).head(_LISTED_N)
    rows = []
    for site in highest.to_dict("records"):
        kind = site_kinds.name(site["kind"], texts)
        rows.append(
            [
                links.link(site_kinds.title(site, texts), page="sites", unit=site["site_id"]),
                kind,
                texts(f"sites.unknown_{site['not_ranked_reason'] or 'incomplete'}"),
                site_figures.gain_words(texts, site["finding_out_gain_0_10"]),
                texts(f"targets.list_{site['list']}") if site["list"] else "–",
            ]
        )
    heads = [texts(f"sites.{name}") for name in ("site", "kind", "unknown", "gain")] + [texts("targets.list")]
    title = texts("targets.find_out_title")
    told = texts("targets.find_out_how", k=plan.request.capacity, n=len(sites))
    table = tables.table(title, heads, rows, numeric=(3,))
    links.linked(
        Markup('<section class="rb-page"><h3>{}</h3><p class="rb-muted">{}</p>{}</section>').format(title, told, table),
        key="targets-find-out",
    )
