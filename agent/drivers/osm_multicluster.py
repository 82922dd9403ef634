"""The driver for OSM v0.11 to v1.1.4 in multicluster mode: one object per ServiceAccount.

A `MultiClusterService` lists addresses of other clusters for all Services in its namespace whose
Pods run under its ServiceAccount (`multicluster_accounts`). Each address is listed once, under a
name that is its own, in the levels of `multicluster_levels`. Rule 1: an object is written whole, in
one write, so there is no state in between. Rule 2: it never lists nothing: with nothing to list it
is deleted. Rule 3: no address that Envoy would refuse (7m), none of the own cluster's, none twice.
Rule 4: addresses go to no service that they are not for: where several services of one account want
different ones, none gets any. Rule 5: what is missing here takes nothing away: without any local
Pod OSM lists no service at all, and the object waits for one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

from agent.drivers.multicluster_accounts import Accounts
from agent.drivers.multicluster_levels import Entry, Levels
from agent.drivers.multicluster_shares import NOTHING, Place, Wanted, wanted_of
from agent.drivers.osm_mesh import namespace_fault
from agent.drivers.plan import (
    SERVICE_ANNOTATION,
    Capabilities,
    Capability,
    Condition,
    DriverSettings,
    Group,
    Plan,
    Reason,
    Services,
    Support,
    metadata,
)
from agent.drivers.start_guard import ENTRY_SEPARATOR
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MANAGER,
    MESH_CONFIG,
    MULTI_CLUSTER_SERVICE,
    NAMESPACE,
    POD,
    SERVICE,
    Document,
    Kind,
    ObjectKey,
    at,
    is_ours,
    map_at,
    text_at,
)
from agent.writes import Apply, Delete
from discovery.names import SUBDOMAIN_CHARACTERS_MAX, Origin, ServiceName
from discovery.service_view import ServiceView

CAPABILITIES = Capabilities(
    tiers=Capability(
        Support.FULL,
        "as priorities behind the local endpoints, which are always first; with active health "
        "checks of Envoy (`enableEnvoyActiveHealthChecks`) it fails over without the agent",
    ),
    weights=Capability(
        Support.PARTLY, "by how many addresses are listed, as endpoints are all used alike"
    ),
    several_ports=Capability(Support.NONE, "services of one port alone; others are left out"),
    tcp=Capability(Support.FULL, "as any service"),
    identities=Capability(Support.FULL, "clients verify the ServiceAccount of the local Pods"),
    gateways=Capability(Support.PARTLY, "IPv4; the share of a cluster behind few is small"),
    headless=Capability(Support.NONE, "left out"),
    ipv6=Capability(Support.NONE, "left out"),
    local_services=Capability(
        Support.PARTLY, "they are always first, and cannot be drained by the mesh"
    ),
)

_NOBODY = Origin("")
_NO_ACCOUNT = (
    Condition(
        Reason.IDENTITY_UNKNOWN,
        _NOBODY,
        "no Pod of it runs here and no cluster names its ServiceAccount, by which OSM finds "
        "addresses; nothing is written; run a placeholder Pod",
    ),
)


class OsmMulticluster:
    """Makes OSM v1.1 obey the view."""

    name = "osm-multicluster"
    reads: frozenset[Kind] = frozenset(
        {MULTI_CLUSTER_SERVICE, SERVICE, ENDPOINTS, POD, NAMESPACE, MESH_CONFIG}
    )
    capabilities = CAPABILITIES

    def __init__(self, settings: DriverSettings) -> None:
        """Serve the cluster that the settings name."""
        self._settings = settings

    def plan(self, view: Services, mirror: Mirror, touched: Collection[ServiceName] | None) -> Plan:
        """Return what to write for the services in `touched`, and for who shares their account."""
        waits_for = tuple(sorted(kind for kind in self.reads if not mirror.knows(kind)))
        if waits_for:
            return Plan(waits_for=waits_for)
        known = view.services()
        if touched is None:
            ours = (key for key, each in mirror.of(MULTI_CLUSTER_SERVICE) if is_ours(each))
            namespaces = {name.namespace for name in known} | {key.namespace for key in ours}
        else:
            namespaces = {each.namespace for each in touched}
        groups: list[Group] = []
        conditions: dict[ServiceName, tuple[Condition, ...]] = {}
        for namespace in sorted(namespaces):
            names = [each for each in known if each.namespace == namespace]
            planner = _Planner(self._settings, view, mirror, namespace, names)
            groups += planner.plan(None if touched is None else frozenset(touched))
            conditions.update(planner.conditions)
        return Plan(tuple(groups), conditions)


@dataclass(frozen=True, slots=True)
class _Written:
    """An object of ours."""

    key: ObjectKey
    document: Document
    account: str
    services: tuple[ServiceName, ...]


class _Planner:
    """Plans one namespace, or those services of it that are asked for."""

    def __init__(
        self,
        settings: DriverSettings,
        view: Services,
        mirror: Mirror,
        namespace: str,
        names: Iterable[ServiceName],
    ) -> None:
        """`names` are the services of the namespace that are in the view."""
        self._settings, self._view, self._mirror = settings, view, mirror
        self._namespace = namespace
        self._here = Accounts(mirror, namespace)
        self._written = list(_written(mirror, namespace))
        self._services = {name: found for name in names if (found := view.service(name))}
        self._accounts = {
            name: self._account_of(name, each) for name, each in self._services.items()
        }
        self.conditions: dict[ServiceName, tuple[Condition, ...]] = {}

    def plan(self, touched: frozenset[ServiceName] | None) -> Iterator[Group]:
        """Give the groups of writes, by account."""
        names = [each for each in self._services if touched is None or each in touched]
        fault = self._namespace_fault()
        if fault is not None:
            self.conditions = dict.fromkeys(names, (fault,))
            return
        self.conditions = {n: _NO_ACCOUNT for n in names if not self._accounts[n]}
        for account in sorted(self._affected(touched)):
            yield from self._plan_account(account)

    def _namespace_fault(self) -> Condition | None:
        if self._namespace == self._settings.mesh_namespace:
            what = "OSM does not look at the namespace that it runs in; nothing is written there"
            return Condition(Reason.NAMESPACE_NOT_MONITORED, _NOBODY, what)
        return namespace_fault(self._mirror, self._namespace, self._settings)

    def _affected(self, touched: frozenset[ServiceName] | None) -> set[str]:
        """Return the accounts that need a look: of whom touched services are, or were."""
        accounts = {*self._accounts.values(), *(each.account for each in self._written)} - {""}
        if touched is None:
            return accounts
        found = {self._accounts.get(name, "") for name in touched}
        found.update(e.account for e in self._written if touched.intersection(e.services))
        heads = (self._here.heads[name] for name in touched if name in self._here.heads)
        found.update(account for head in heads for account in head.accounts)
        return found & accounts

    def _account_of(self, name: ServiceName, service: ServiceView) -> str:
        """Return by which account a service is found; empty where nobody names any.

        That of its Pods here, else the one of before, so that it survives them.
        """
        head, theirs = self._here.heads.get(name), service.service_accounts
        if head is not None and head.accounts:
            return min(head.accounts & set(theirs.values()) or head.accounts)
        before = (each.account for each in self._written if name in each.services)
        named = (theirs[origin] for origin in service.merged.order if origin in theirs)
        return next(chain(before, named), "")

    # --- one account ---------------------------------------------------------------------

    def _plan_account(self, account: str) -> Iterator[Group]:
        names = sorted(name for name, each in self._accounts.items() if each == account)
        wanted = {name: self._wanted(name, account) for name in names}
        shared = self._shared(account, wanted)
        for name, each in wanted.items():
            extra = [shared[name]] if name in shared else []
            self.conditions[name] = tuple(sorted({*each.conditions, *extra}))
        served = [name for name, each in wanted.items() if each.levels.entries]
        served = [name for name in served if name not in shared]
        levels = wanted[served[0]].levels if served else NOTHING
        yield from self._write(account, served, levels, names)

    def _wanted(self, name: ServiceName, account: str) -> Wanted:
        place = Place(
            settings=self._settings,
            view=self._view,
            head=self._here.heads.get(name),
            account=account,
        )
        return wanted_of(self._services[name], place)

    def _shared(
        self, account: str, wanted: Mapping[ServiceName, Wanted]
    ) -> dict[ServiceName, Condition]:
        """Return the services that can have no addresses since others would get them as well."""
        users = {head.name for head in self._here.of(account)}
        found: dict[ServiceName, Condition] = {}
        for name, each in wanted.items():
            entries = each.levels.entries
            others = [
                other
                for other in sorted(users | wanted.keys())
                if other != name and not _has(wanted.get(other), entries)
            ]
            if entries and others:
                what = (
                    f"ServiceAccount {account} is also that of {_listed(others)}, whose requests "
                    f"OSM would send to the same addresses; other clusters are left out; run {name}"
                    " under a ServiceAccount of its own"
                )
                found[name] = Condition(Reason.ACCOUNT_SHARED, _NOBODY, what)
        return found

    def _write(
        self,
        account: str,
        served: Sequence[ServiceName],
        levels: Levels,
        names: Sequence[ServiceName],
    ) -> Iterator[Group]:
        key = ObjectKey(MULTI_CLUSTER_SERVICE, self._namespace, object_name(account))
        before = [each for each in self._written if each.account == account]
        current = self._mirror.get(key)
        if served and current is not None and not is_ours(current):
            what = f"{key} is somebody else's and is not touched; rename or delete it"
            self._add(names, Condition(Reason.NAME_TAKEN, _NOBODY, what))
            served = ()
        if served:
            document = self._document(key, account, served, levels)
            if current is None or not is_as_wanted(current, document):
                why = f"{len(levels.entries)} addresses for {_listed(served)}"
                yield Group(tuple(served), (Apply(key, document, why),))
            self._say_others(account, served)
        for each in before:
            if not served or each.key != key:
                why = f"nothing is to be listed for ServiceAccount {account} any more"
                yield Group(each.services or tuple(names), (Delete(each.key, why),))

    def _say_others(self, account: str, served: Sequence[ServiceName]) -> None:
        for key, document in self._mirror.of(MULTI_CLUSTER_SERVICE, self._namespace):
            if not is_ours(document) and text_at(document, "spec", "serviceAccount") == account:
                what = f"{key} is somebody else's, and OSM adds its addresses to ours"
                self._add(served, Condition(Reason.OTHERS_ADD, _NOBODY, what))

    def _add(self, names: Iterable[ServiceName], condition: Condition) -> None:
        for name in names:
            self.conditions[name] = tuple(sorted({*self.conditions.get(name, ()), condition}))

    def _document(
        self, key: ObjectKey, account: str, served: Sequence[ServiceName], levels: Levels
    ) -> Document:
        version = self._mirror.version(key.kind) or key.kind.versions[0]
        names = ",".join(name.name for name in served)
        return {
            "apiVersion": key.kind.api_version(version),
            "kind": key.kind.name,
            "metadata": metadata(ServiceName(key.namespace, key.name), names),
            "spec": {
                "serviceAccount": account,
                "clusters": [_entry(each) for each in levels.entries],
            },
        }


def _entry(entry: Entry) -> Document:
    # Weight 0 is what puts an address beside the local ones, and has no priority (7a).
    return {
        "name": f"{entry.origin}{ENTRY_SEPARATOR}{entry.address}",
        "address": str(entry.address),
        "weight": int(entry.level > 0),
        "priority": entry.level,
    }


def object_name(account: str) -> str:
    """Return the name of the object for a ServiceAccount: one that nobody chooses by chance."""
    name = f"{MANAGER}-{account}"
    if len(name) <= SUBDOMAIN_CHARACTERS_MAX:
        return name
    digest = blake2b(account.encode(), digest_size=8).hexdigest()
    room = SUBDOMAIN_CHARACTERS_MAX - len(digest) - 1
    return f"{name[:room].rstrip('-.')}-{digest}"


def is_as_wanted(current: Document, wanted: Document) -> bool:
    """Tell whether an object has all that is wanted of it, whatever its version adds."""
    return (
        map_at(current, "spec") == map_at(wanted, "spec")
        and is_ours(current)
        and at(current, "metadata", "annotations", SERVICE_ANNOTATION)
        == at(wanted, "metadata", "annotations", SERVICE_ANNOTATION)
    )


def _written(mirror: Mirror, namespace: str) -> Iterator[_Written]:
    for key, document in mirror.of(MULTI_CLUSTER_SERVICE, namespace):
        if is_ours(document):
            names = text_at(document, "metadata", "annotations", SERVICE_ANNOTATION).split(",")
            services = tuple(ServiceName(namespace, name) for name in names if name)
            yield _Written(key, document, text_at(document, "spec", "serviceAccount"), services)


def _has(wanted: Wanted | None, entries: Sequence[Entry]) -> bool:
    """Tell whether a service is to have these addresses just as another one is."""
    return wanted is not None and wanted.levels.entries == tuple(entries)


def _listed(names: Iterable[ServiceName]) -> str:
    return ", ".join(map(str, names))
