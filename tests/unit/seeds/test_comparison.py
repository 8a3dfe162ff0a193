from __future__ import annotations

from seeds.comparison import Comparison


def test_a_comparison_names_what_the_machine_got_wrong() -> None:
    compared = Comparison({"publish": 3, "hold": 2}, missed=("lizenz",), overcautious=("anderswo", "kantine"))

    assert compared.lines() == (
        "The screening said: 2 hold, 3 publish.",
        "Published, but a person would not have: lizenz.",
        "Stopped, but a person would have published: anderswo, kantine.",
    )


def test_a_comparison_of_nothing_says_so() -> None:
    assert Comparison({}, (), ()).lines() == (
        "The screening said: nothing.",
        "Published, but a person would not have: none.",
        "Stopped, but a person would have published: none.",
    )
