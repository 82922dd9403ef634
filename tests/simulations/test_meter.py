"""What a run may ask of its machine."""

from simulations.meter import NoMeter, ProcessMeter


def test_processor_time_goes_on_with_work() -> None:
    meter = ProcessMeter()
    before = meter.processor_us()
    while meter.processor_us() == before:
        pass
    assert meter.processor_us() > before


def test_memory_that_is_held_is_resident() -> None:
    meter = ProcessMeter()
    before = meter.resident_bytes()
    held = b"x" * (64 << 20)
    grown = meter.resident_bytes() - before
    assert before == 0 or grown > len(held) // 2  # 0: nobody says on this system.


def test_who_measures_nothing_says_nothing() -> None:
    assert (NoMeter().processor_us(), NoMeter().resident_bytes()) == (0, 0)
