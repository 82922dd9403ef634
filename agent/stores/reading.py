"""The content of a file to the objects that it states, and what is wrong with the rest of it."""

from dataclasses import dataclass, field
from hashlib import blake2b

from agent.objects import Document, ObjectKey, text_at
from agent.store import NotServedError
from agent.stores.admission import Admitted, RefusedFieldError, admit
from agent.stores.faults import Fault, FaultReason
from agent.stores.file_states import Claim
from agent.stores.served import ServedKinds
from agent.stores.yaml_text import ReadDocument, Reading, read_documents, read_json

DEFAULT_NAMESPACE = "default"
_STAYS = "what it was before is kept"


@dataclass(slots=True)
class FileReading:
    """What a file says."""

    claims: dict[ObjectKey, Claim] = field(default_factory=dict)
    admitted: dict[ObjectKey, Admitted] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unclear: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Objects that it names and does not say well: group, kind, namespace, name."""
    is_unclear: bool = False
    """Whether something of it may be any object: none that it had before is to go."""

    def keeps(self, key: ObjectKey) -> bool:
        """Tell whether an object that the file had before is to stay as it was."""
        named = (key.kind.group, key.kind.name, key.namespace, key.name)
        return key not in self.claims and (self.is_unclear or named in self.unclear)


def content_digest(content: bytes) -> str:
    """Return what tells one content from another."""
    return blake2b(content, digest_size=16).hexdigest()


def read_file(path: str, content: bytes, served: ServedKinds) -> FileReading:
    """Return what the content of a file says; `path` names it in faults."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = f"byte {content[error.start]:#04x} is not UTF-8"
        fault = Fault(path, line, "", FaultReason.ENCODING, problem, f"save as UTF-8; {_STAYS}")
        return FileReading(faults=[fault], is_unclear=True)
    read = read_json if path.endswith(".json") else read_documents
    return _admitted(path, read(text, path), served)


def _admitted(path: str, reading: Reading, served: ServedKinds) -> FileReading:
    result = FileReading(faults=list(reading.faults), is_unclear=bool(reading.faults))
    for read in reading.documents:
        try:
            _admit(result, path, read, served)
        except NotServedError as error:
            _refuse(result, _not_served(path, read, error), read.document)
        except RefusedFieldError as error:
            place = ".".join(error.path)
            words = (error.problem, f"{error.remedy}; {_STAYS}")
            line = read.line(*error.path)
            _refuse(result, Fault(path, line, place, FaultReason.INVALID, *words), read.document)
    if not reading.documents and not reading.faults:
        # Nobody says that nothing is to be there by an empty file: it may be half written.
        result.is_unclear = True
    return result


def _admit(result: FileReading, path: str, read: ReadDocument, served: ServedKinds) -> None:
    document = read.document
    api_version, name = text_at(document, "apiVersion"), text_at(document, "kind")
    for field_name, value in (("apiVersion", api_version), ("kind", name)):
        if not value:
            raise RefusedFieldError((field_name,), "is not there", "say what kind of object it is")
    kind, version = served.find(api_version, name)
    admitted = admit(kind, version, document, default_namespace=DEFAULT_NAMESPACE)
    key, line = admitted.key, read.line("metadata", "name")
    if key in result.claims:
        problem = f"{key} stands in line {result.claims[key].line} already"
        remedy = "keep one of the two; the first counts"
        fault = Fault(path, line, "metadata.name", FaultReason.DUPLICATE_OBJECT, problem, remedy)
        result.faults.append(fault)
        return
    result.claims[key] = Claim(key, admitted.digest, line)
    result.admitted[key] = admitted


def _not_served(path: str, read: ReadDocument, error: NotServedError) -> Fault:
    problem, _, remedy = str(error).partition("; ")
    remedy += "; nobody reads it until then"
    line = read.line("apiVersion")
    return Fault(path, line, "apiVersion", FaultReason.NOT_SERVED, problem, remedy)


def _refuse(result: FileReading, fault: Fault, document: Document) -> None:
    """Leave a document out. What is known to be another object is not kept for its sake."""
    result.faults.append(fault)
    group = text_at(document, "apiVersion").rpartition("/")[0]
    kind, name = text_at(document, "kind"), text_at(document, "metadata", "name")
    namespace = text_at(document, "metadata", "namespace")
    if not kind or not name:
        result.is_unclear = True
        return
    result.unclear |= {(group, kind, each, name) for each in (namespace or DEFAULT_NAMESPACE, "")}
