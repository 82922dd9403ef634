"""The status page: what an operator wants to see first, as one HTML document.

No script, no style sheet and no picture from anywhere: it works on a machine without a network. It
refreshes itself. Everything that is shown is escaped, for names and words come from other clusters.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from urllib.parse import quote

from agent.objects import Document, at, integer_at, list_at, map_at, text_at

REFRESH_SECONDS = 5

SERVICES_SHOWN = 100

_STYLE = """
:root{color-scheme:light dark;--line:#8885;--good:#2a8a4a;--odd:#b07a10;--bad:#c0362c;--dim:#888}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1rem}
h1{font-size:1.3rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .7rem .3rem 0;
border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;color:var(--dim);font-size:.85rem}
.scroll{overflow-x:auto}.good{color:var(--good)}.odd{color:var(--odd)}.bad{color:var(--bad)}
.dim{color:var(--dim)}.banner{border-left:4px solid var(--bad);padding:.3rem .8rem;margin:.8rem 0}
.banner.odd{border-color:var(--odd);color:inherit}a{color:inherit}
@media(max-width:40rem){body{padding:.6rem}th,td{padding-right:.4rem;font-size:.9rem}}
"""

_TONES = {
    "live": "good",
    "draining": "odd",
    "stale": "odd",
    "degraded": "odd",
    "unreachable": "bad",
    "expired": "bad",
    "departed": "dim",
    "alive": "good",
    "suspect": "odd",
    "dead": "bad",
}


class Markup(str):
    """HTML that is well formed already, and is not escaped again."""

    __slots__ = ()


def tag(name: str, *inside: object, **attributes: str) -> Markup:
    """Return an element; text inside and values of attributes are escaped, `Markup` is not.

    A trailing underscore of an attribute's name is dropped: `class_`.
    """
    given = "".join(f' {key.rstrip("_")}="{escape(each)}"' for key, each in attributes.items())
    return Markup(f"<{name}{given}>{''.join(map(_escaped, inside))}</{name}>")


def _escaped(value: object) -> str:
    return value if isinstance(value, Markup) else escape("" if value is None else str(value))


def page(
    status: Document,
    clusters: Document | None,
    services: Document | None,
    why: Document | None = None,
) -> str:
    """Return the page of an agent.

    `clusters` and `services` are None where no bridge could be asked; `why` is the explanation of
    one service, where it was asked for.
    """
    cluster, node = text_at(status, "cluster"), text_at(status, "node")
    parts = [_head(status), *_banners(status)]
    if why is not None:
        parts.append(_explanation(why))
    if clusters is None or services is None:
        parts.append(_banner("odd", "No bridge of this cluster answers: what follows is missing."))
    else:
        parts += [_clusters(clusters), _services(services)]
    parts.append(_agent(status))
    head = (
        f'<meta charset="utf-8"><meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(cluster)} on {escape(node)} · Isthmus</title><style>{_STYLE}</style>"
    )
    body = "".join(parts)
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'


def _head(status: Document) -> Markup:
    role, as_of = text_at(status, "role"), text_at(status, "asOf")
    words = f"{role} on {text_at(status, 'node')} · version {text_at(status, 'version')} · {as_of}"
    title = tag("a", text_at(status, "cluster"), href="/")
    return Markup(tag("h1", "Cluster ", title) + tag("div", words, class_="dim"))


def _banners(status: Document) -> Iterable[Markup]:
    reasons = [str(each) for each in list_at(status, "readiness", "reasons")]
    if reasons:
        yield _banner("bad", "Not ready: " + "; ".join(reasons))
    frozen = at(status, "frozen")
    if frozen is not None:
        yield _banner("odd", f"Frozen: nothing is written to the mesh. {frozen}")
    if at(status, "dryRun") is True:
        yield _banner("odd", "Dry run: nothing is written to the mesh.")
    for alarm in list_at(status, "alarms"):
        words = f"{text_at(alarm, 'subject')}: {text_at(alarm, 'message')}"
        remedy = text_at(alarm, "remedy")
        tone = "bad" if text_at(alarm, "severity") == "alarm" else "odd"
        yield _banner(tone, f"{words} — {remedy}" if remedy else words)


def _banner(tone: str, words: str) -> Markup:
    return tag("div", words, class_=f"banner {tone}")


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    lines = [tag("tr", *(tag("td", cell) for cell in row)) for row in rows]
    if not lines:
        return Markup(tag("h2", title) + tag("p", "none", class_="dim"))
    top = tag("tr", *(tag("th", head) for head in heads))
    table = tag("table", tag("thead", top), tag("tbody", *lines))
    return Markup(tag("h2", title) + tag("div", table, class_="scroll"))


def _toned(word: str) -> Markup:
    return tag("span", word, class_=_TONES.get(word, "dim"))


def _clusters(clusters: Document) -> Markup:
    heads = ("cluster", "verdict", "since", "bridges", "services", "endpoints ready", "why")
    return _table("Clusters", heads, map(_cluster, list_at(clusters, "items")))


def _cluster(each: object) -> Sequence[object]:
    is_own = at(each, "own") is True
    ready, total = integer_at(each, "healthyEndpoints"), integer_at(each, "endpoints")
    notes = [text_at(each, "why"), *_cluster_notes(each)]
    return (
        text_at(each, "name"),
        tag("span", "this one", class_="dim")
        if is_own
        else _toned(text_at(each, "verdict") or "not heard"),
        text_at(each, "since"),
        integer_at(each, "bridges", "alive"),
        integer_at(each, "services"),
        f"{ready} of {total}",
        "; ".join(note for note in notes if note),
    )


def _cluster_notes(each: object) -> Iterable[str]:
    down = [str(node) for node in list_at(each, "nodesDown")]
    if down:
        yield f"nodes down: {', '.join(down)}"
    if integer_at(each, "heldEndpoints"):
        yield f"{integer_at(each, 'heldEndpoints')} endpoints held against their withdrawal"
    for drain in list_at(each, "drains"):
        waiting = ", ".join(str(other) for other in list_at(drain, "waitingFor"))
        what = text_at(drain, "service") or "the whole cluster"
        yield f"drain of {what}: {integer_at(drain, 'weight')} of 1000 left" + (
            f", waiting for {waiting}" if waiting else ", acknowledged by all in reach"
        )


def _services(services: Document) -> Markup:
    items = list_at(services, "items")
    heads = ("service", "ready", "traffic goes to", "policy", "to be known")
    table = _table("Services", heads, map(_service, items[:SERVICES_SHOWN]))
    total = integer_at(services, "total") or 0
    if total > SERVICES_SHOWN:
        words = f"{SERVICES_SHOWN} of {total} are shown; `isthmus services` lists all"
        return Markup(table + tag("p", words, class_="dim"))
    return table


def _service(each: object) -> Sequence[object]:
    name = f"{text_at(each, 'namespace')}/{text_at(each, 'name')}"
    link = tag("a", name, href=f"/?explain={quote(name, safe='/')}")
    shares = [
        f"{text_at(share, 'cluster')} {(integer_at(share, 'weight') or 0) / 10:g} %"
        for share in list_at(each, "clusters")
        if integer_at(share, "weight")
    ]
    goes_to: object = ", ".join(shares) or tag("span", "nowhere", class_="bad")
    notes = [text_at(every, "message") for every in list_at(each, "conditions")]
    notes += [text_at(every, "message") for every in list_at(each, "conflicts")]
    policy = map_at(each, "policy")
    return (
        link,
        f"{integer_at(each, 'ready')} of {integer_at(each, 'total')}",
        goes_to,
        _policy(policy),
        "; ".join(notes),
    )


def _policy(policy: Mapping[str, object]) -> str:
    mode, name = text_at(policy, "mode"), text_at(policy, "name")
    return f"{mode} ({text_at(policy, 'namespace')}/{name})" if name else mode


def _explanation(why: Document) -> Markup:
    name = f"{text_at(why, 'namespace')}/{text_at(why, 'name')}"
    heads = ("cluster", "address", "node", "zone", "reason", "why")
    rows = [
        (
            text_at(each, "cluster"),
            text_at(each, "address"),
            text_at(each, "node"),
            text_at(each, "zone"),
            tag("span", text_at(each, "reason"), class_=_reason_tone(each)),
            "; ".join([text_at(each, "why"), *map(str, list_at(each, "notes"))]),
        )
        for each in list_at(why, "endpoints")
    ]
    table = _table(f"Why: {name}", heads, rows)
    return Markup(table + tag("p", text_at(why, "summary")))


def _reason_tone(endpoint: object) -> str:
    if integer_at(endpoint, "targetWeight"):
        return "good"
    return "odd" if at(endpoint, "inView") is True else "dim"


def _agent(status: Document) -> Markup:
    rows = [
        ("ready", "yes" if at(status, "readiness", "ready") is True else "no"),
        ("lan", _pool(map_at(status, "pools", "lan"))),
        ("wan", _pool(map_at(status, "pools", "wan"))),
        ("bridges", ", ".join(text_at(each, "node") for each in list_at(status, "bridges"))),
        ("lease", text_at(status, "lease", "holder")),
        ("store", text_at(status, "store", "description")),
        ("driver", f"{text_at(status, 'driver', 'name')}, {text_at(status, 'driver', 'why')}"),
        ("last written", text_at(status, "driver", "lastWriteAt")),
    ]
    shown = [(name, value or "none") for name, value in rows]
    links = tag("p", *(_link(path) for path in ("/v1", "/metrics", "/readyz")), class_="dim")
    return Markup(_table("This agent", ("", ""), shown) + links)


def _link(path: str) -> Markup:
    return Markup(tag("a", path, href=path) + " ")


def _pool(pool: Mapping[str, object]) -> str:
    if not pool:
        return ""
    silent = ", ".join(str(each) for each in list_at(pool, "silentNodes"))
    words = ", ".join(f"{integer_at(pool, each)} {each}" for each in ("alive", "suspect", "dead"))
    return words + (f"; silent nodes: {silent}" if silent else "")
