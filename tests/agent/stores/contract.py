"""What every `ObjectStore` does: one suite, for the memory, the directory, and the API server.

A test class of each store derives from `StoreContract` and has a fixture `site`: two clients of one
store, and a hand of people who change objects without asking any of them (`Site`).
"""

from tests.agent.stores.contract_fields import FieldsContract
from tests.agent.stores.contract_objects import ObjectsContract
from tests.agent.stores.contract_watch import WatchContract


class StoreContract(ObjectsContract, FieldsContract, WatchContract):
    """Derive, and give a fixture `site`."""
