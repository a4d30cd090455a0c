"""Row security, the second lock behind the scoped store: PostgreSQL shows each viewer their own rows only.

`access.database.who.show_as` tells who looks, for one transaction; when nothing was told, nothing is
seen. The account that owns the tables is bound too. The rules are those of `access.rights`; a test holds the
two together. SQLite has no row security and stays as it is.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def _is(*roles: str) -> str:
    """Return the question whether one of these looks; in brackets it is asked once per statement, not once per row.

    As a whole in brackets: PostgreSQL then expects it to hold for half of the rows, and plans lists well.
    """
    return f"(SELECT current_setting('risicobeeld.role', true) IN ({', '.join(map(repr, roles))}))"


_ROLE = "(SELECT current_setting('risicobeeld.role', true))"
_WHO = "(SELECT current_setting('risicobeeld.who', true))"
_ORGANISATION = "(SELECT current_setting('risicobeeld.organisation', true))"
_REGIONS = "((SELECT string_to_array(current_setting('risicobeeld.vr_codes', true), ';'))::text[])"
_OWN = f"(vr_code = ANY ({_REGIONS}))"
_FOR_ALL = "entity_kind IN ('route', 'document')"
_SHARED = "(entity_kind IN ('contact', 'work') AND vr_code = '')"
_TAKES_PART = (
    "(entity_kind IN ('activation', 'referral', 'plan_line')"
    f" AND event_id IN (SELECT register_shared_with({_ORGANISATION})))"
)
_NATION = _is("lotc", "analyst")  # what an analyst may not read is a matter of columns, not of rows
# Entries that came with the product have no event, and so no region here: for those the scoped store is alone.
_NOT_OURS = """EXISTS (
    SELECT FROM register_newest(entity_kind, '9999', ARRAY[entity_id::text]) n
    WHERE NOT EXISTS (SELECT FROM register_events e WHERE e.event_id = n.event_id)
)"""

_SEES = {
    "register_events": (
        f"{_NATION} OR ({_is('region')} AND ({_OWN} OR {_FOR_ALL} OR {_SHARED}))"
        f" OR ({_is('partner')} AND ({_FOR_ALL} OR {_TAKES_PART}))"
    ),
    # The inner selection sees no more events than the viewer does.
    "register_contents": (
        f"{_NATION} OR EXISTS (SELECT FROM register_events e WHERE e.event_id = register_contents.event_id)"
    ),
    "register_files": f"{_is('lotc')} OR ({_is('region', 'partner')} AND NOT {_NOT_OURS})",
    "people": _is("lotc", "privacy"),
    "people_grants": _is("lotc", "privacy"),
    "people_ended_sessions": "false",
    "weight_profiles": "false",
    "register_drafts": "false",
}
_CHANGES = {
    "register_drafts": f"{_ROLE} <> '' AND owner = {_WHO}",
    "weight_profiles": f"{_ROLE} <> '' AND (owner = {_ROLE} OR owner = ANY ({_REGIONS}))",
    "people": _is("lotc"),
    "people_grants": _is("lotc"),
}

# Both functions look at every row and tell identities only; they set who looked back before they end. When
# nobody was told to look they tell nothing.
_BODY = """
DECLARE
    looked text := current_setting('risicobeeld.role', true);
BEGIN
    IF coalesce(looked, '') = '' THEN
        RETURN;
    END IF;
    PERFORM set_config('risicobeeld.role', 'upkeep', true);
    RETURN QUERY {query};
    PERFORM set_config('risicobeeld.role', looked, true);
END
"""
_NEWEST = """
    SELECT DISTINCT ON (e.entity_id) e.entity_id::text, e.event_id::text FROM register_events e
    WHERE e.entity_kind = of_kind AND e.recorded_at <= until AND (only_ids IS NULL OR e.entity_id = ANY (only_ids))
    ORDER BY e.entity_id, e.version DESC
"""
_SHARED_WITH = """
    SELECT c.event_id::text FROM register_contents c
    WHERE organisation <> '' AND strpos(c.body, '"partners"') > 0
    AND organisation = ANY (string_to_array(c.body::jsonb ->> 'partners', ';'))
"""


def upgrade() -> None:
    """Lock the tables; on SQLite do nothing."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE FUNCTION register_newest(of_kind text, until text, only_ids text[])"
        " RETURNS TABLE (entity_id text, event_id text) LANGUAGE plpgsql ROWS 10000"
        f" AS $${_BODY.format(query=_NEWEST)}$$"
    )
    op.execute(
        "CREATE FUNCTION register_shared_with(organisation text) RETURNS SETOF text"
        f" LANGUAGE plpgsql AS $${_BODY.format(query=_SHARED_WITH)}$$"
    )
    for table, sees in _SEES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_upkeep ON {table} USING ({_is('upkeep')})")
        op.execute(f"CREATE POLICY {table}_sees ON {table} FOR SELECT USING ({sees})")
    for table, changes in _CHANGES.items():
        op.execute(f"CREATE POLICY {table}_changes ON {table} USING ({changes})")
