"""The one way in which a page lets somebody choose: the answer is one of the options that are offered now.

A browser may send any text, and what was chosen a minute ago may be gone by the time that a button is pressed: a right
was taken away, somebody else dealt with it. Streamlit then takes the first option in its place without a word, and the
button works on that. Here the run ends before anything is recorded, and the page says so at the box.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final, Literal, TypeVar, overload

import streamlit as st

from words import Texts

_GONE: Final = "choice-gone"
_DEALT: Final = "choice-dealt"
_NO_OPTION: Final = "\0"  # no label has it

T = TypeVar("T", bound=Hashable)


@overload
def choose(
    texts: Texts,
    label: str,
    options: Iterable[T],
    *,
    key: str,
    how: Literal["selectbox", "radio"] = "selectbox",
    format_func: Callable[[Any], str] = ...,
    index: int = 0,
    **also: Any,
) -> T: ...
@overload
def choose(texts: Texts, label: str, options: Iterable[T], *, key: str, index: int | None, **also: Any) -> T | None: ...
@overload
def choose(
    texts: Texts, label: str, options: Iterable[T], *, key: str, how: Literal["segmented_control"], **also: Any
) -> T | None: ...
@overload
def choose(
    texts: Texts, label: str, options: Iterable[T], *, key: str, how: Literal["multiselect", "pills"], **also: Any
) -> list[T]: ...


def choose(
    texts: Texts,
    label: str,
    options: Iterable[Any],
    *,
    key: str,
    how: str = "selectbox",
    format_func: Callable[[Any], str] = str,
    **also: Any,
) -> Any:
    """Draw the options and return what was chosen; end the run when that is none of them.

    Parameters
    ----------
    texts
        Words of the reader's language.
    label
        Above the box; the sentence about an answer that is gone names it.
    options
        What may be chosen now, each by its identity. A place in a list is none: what stands there may be another by
        the time that a button is pressed.
    key
        Of the box, also when its options change; with what else the box is about in it.
    how
        What Streamlit calls it.
    format_func
        Gives the words of an option. Of options with the same words each gets a number: a browser sends words.
    also
        What Streamlit takes for it.
    """
    offered = list(options)
    labels = _told_apart({one: str(format_func(one)) for one in offered})
    strange = False

    def words(one: Any) -> str:
        """Give the words of an option. Streamlit asks those of every answer, too, to see whether it is an option."""
        nonlocal strange
        if one in labels:
            return labels[one]
        strange = True
        return _NO_OPTION

    answer = getattr(st, how)(label, offered, key=key, format_func=words, **also)
    was_gone, is_dealt = (_taken(name, key) for name in (_GONE, _DEALT))
    if was_gone or (strange and not is_dealt):
        if not was_gone:
            st.session_state[_GONE] = key
            st.rerun()  # without the button that was pressed, and with all that was typed
        st.warning(texts("app.choice_gone", what=label))
        if strange:
            st.stop()  # the page itself asks for what it does not offer: it records nothing
    return answer


def choose_view(texts: Texts, page: str, views: Sequence[str]) -> str:
    """Draw the views of a page as tabs and return the chosen one, the first at first.

    Parameters
    ----------
    texts
        Words of the reader's language; those of a view are called ``<page>.view_<name>``.
    page
        Its name, in the words and in the state of the tab.
    views
        Those that the viewer may open, at least one.
    """
    chosen = choose(
        texts,
        texts("register.view"),
        views,
        how="segmented_control",
        format_func=lambda name: texts(f"{page}.view_{name}"),
        default=views[0],
        key=f"{page}_view",
        label_visibility="collapsed",
    )
    return chosen or views[0]


def dealt_with(key: str) -> None:
    """Say that what was chosen here has just been dealt with, so that nobody is told that it is no option any more."""
    st.session_state[_DEALT] = key


def _taken(name: str, key: str) -> bool:
    is_about = st.session_state.get(name) == key
    if is_about:
        del st.session_state[name]
    return is_about


def _told_apart(labels: dict[Any, str]) -> dict[Any, str]:
    """Give the options that have the same words a number each.

    Examples
    --------
    >>> _told_apart({"S1": "Hotel", "S2": "Camping", "S3": "Hotel"})
    {'S1': 'Hotel (1)', 'S2': 'Camping', 'S3': 'Hotel (2)'}
    """
    often, seen = Counter(labels.values()), Counter[str]()
    told = {}
    for one, words in labels.items():
        seen[words] += 1
        told[one] = f"{words} ({seen[words]})" if often[words] > 1 else words
    return told
