"""The figures of the experiments with signed sets, and what they mean."""

from simulations.tables import Glossary

GLOSSARY = Glossary.of(
    {
        "set_bytes": ("set B", "bytes of the whole set, keys included"),
        "set_zlib_bytes": ("set zlib B", "the same, packed and compressed by zlib"),
        "records": ("records", "records of the set"),
        "record_bytes": ("record B", "bytes of one record that changed, its key included"),
        "record_zlib_bytes": ("record zlib B", "the same, compressed by zlib on its own"),
        "manifest_bytes": ("manifest B", "bytes of a manifest with its signature"),
        "rumour_bytes": (
            "rumour B",
            "a manifest and all records that one change touches, compressed where it helps",
        ),
    }
)
