"""The privacy officer's page: who read what, what is kept how long, and the leak test."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access import audit, tokens
from dashboard.parts import progress
from dashboard.shell import frame, saving, session
from dashboard.shell.markup import show
from door import leaktest
from door.store import ScopedStore
from geodata.snapshots.formats import neutralise_formulas
from register import retention
from words import Texts

_DAYS_SHOWN = 14
_LINES_SHOWN = 1000
_SHOWN = {
    "at": "at",
    "who": "who",
    "role": "as",
    "surface": "surface",
    "what": "what",
    "table": "table",
    "rows_n": "rows",
}


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.plain_head(texts("page.privacy"), texts("privacy.intro"))
    trail_side, rest = st.columns([2.2, 1], gap="large")
    with trail_side:
        _trail(texts, store)
    with rest:
        _leak_test(texts, store)
        _tokens(texts, store)
        _retention(texts, store)


def _trail(texts: Texts, store: ScopedStore) -> None:
    st.markdown(f"## {texts('privacy.trail')}")
    today = datetime.now(UTC).date()
    with st.container(horizontal=True):
        first = st.date_input(
            texts("privacy.from"),
            today - timedelta(days=_DAYS_SHOWN),
            key="trail_first",
            width=180,
            format="DD-MM-YYYY",
        )
        last = st.date_input(texts("privacy.to"), today, key="trail_last", width=180, format="DD-MM-YYYY")
    found = store.audit_trail(first, last)
    if found.empty:
        st.info(texts("privacy.trail_empty"))
        return
    what = found["what"]
    st.caption(
        texts(
            "privacy.summary",
            lines=texts.number(len(found), 0),
            people=found["who"].nunique(),
            refused=int((what == "refused").sum()),
            exports=int((what == "export").sum()),
        )
    )
    shown = found.head(_LINES_SHOWN)[list(_SHOWN)].rename(columns={k: texts(f"privacy.{v}") for k, v in _SHOWN.items()})
    st.dataframe(shown, hide_index=True, width="stretch", height=430)
    saving.offer(
        texts("privacy.download"),
        lambda: _csv(store, found),
        file_name=f"audit_{first}_{last}.csv",
        mime="text/csv",
    )


def _csv(store: ScopedStore, found: pd.DataFrame) -> bytes:
    store.note_export("audit_trail", len(found))
    text: str = neutralise_formulas(found).to_csv(index=False)
    return text.encode()


def _leak_test(texts: Texts, store: ScopedStore) -> None:
    st.markdown(f"## {texts('privacy.test')}", help=texts("privacy.test_help"))
    if st.button(texts("privacy.run"), key="leak_test", type="primary"):
        with progress.shown(texts, texts("privacy.running")) as step:
            certificate = leaktest.run(store.viewer, step=lambda done: step(done, ""))
            path = leaktest.file(certificate)
        if certificate.passed:
            st.success(
                texts(
                    "privacy.passed",
                    pairs=certificate.pairs_n,
                    tables=len(certificate.tables),
                    marks=texts.number(certificate.marks_n, 0),
                    file=path.name,
                )
            )
        else:
            st.error(texts("privacy.failed", file=path.name))
            show(Markup().join(Markup("<p>{}</p>").format(leak) for leak in certificate.leaks))
    progress.tell_stopped(texts)
    filed = leaktest.filed()
    if not filed:
        st.caption(texts("privacy.never"))
        return
    with st.expander(texts("privacy.certificates")):
        for path, certificate, is_whole in filed[:20]:
            word = texts("privacy.ok") if certificate.passed else texts("privacy.leak")
            warning = Markup(" <b>{}</b>").format(texts("privacy.changed")) if not is_whole else ""
            show(Markup("<p>{}{}</p>").format(f"{path.stem}: {word}, {certificate.data_version}", warning))


def _tokens(texts: Texts, store: ScopedStore) -> None:
    """Show which other systems may read, as whom and until when."""
    given = tokens.everyone(store.viewer)
    st.markdown(f"## {texts('privacy.tokens')}", help=texts("privacy.tokens_help"))
    if given.empty:
        st.caption(texts("privacy.tokens_none"))
        return
    st.dataframe(
        given.rename(columns={name: texts(f"privacy.token_{name}") for name in tokens.COLUMNS}),
        hide_index=True,
        width="stretch",
    )


def _retention(texts: Texts, store: ScopedStore) -> None:
    st.markdown(f"## {texts('privacy.retention')}")
    lines = [
        texts("privacy.retention_line", kind=kind, days=period.days) for kind, period in retention.periods().items()
    ]
    show(Markup('<p class="rb-muted">{}.</p>').format("; ".join(lines)))
    st.caption(texts("privacy.retention_audit", days=audit.KEEP_DAYS))
    due = [f"{done.kind} {done.erased_n}" for done in retention.apply(dry_run=True) if done.erased_n]
    due += [f"audit {month}" for month in audit.forget(dry_run=True)]
    st.caption(texts("privacy.retention_due", due=", ".join(due)) if due else texts("privacy.retention_none"))
    # Without sign-in nobody could be held to it; the command of every night goes on.
    if due and not store.viewer.is_practice and st.button(texts("privacy.forget"), key="forget"):
        gone = [f"{done.kind} {done.erased_n}" for done in retention.apply() if done.erased_n] + audit.forget()
        audit.note("forget", who=store.viewer.who, role=str(store.viewer), surface=store.surface, rows_n=len(gone))
        st.success(texts("privacy.forgotten", gone=", ".join(gone)))
