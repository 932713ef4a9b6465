"""Lines of requirements and of conda, read as people mean them; and what became of an environment."""

from __future__ import annotations

import pytest
from tests.domain.comparison.telling import FORBIDDEN, compared, fact, states, told, two

from modeltui.domain.comparison.difference import Bump, Nature, ReleaseChange, State
from modeltui.domain.comparison.packages import Package, package_of
from modeltui.domain.comparison.releases import named_release, release_change, release_key
from modeltui.domain.names import NO_DATA


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("numpy==1.26.4", Package("numpy", "1.26.4")),
        ("Scikit_Learn == 1.5.2", Package("scikit-learn", "1.5.2")),
        ("zope.interface===6.0", Package("zope-interface", "6.0")),
        ("numpy", Package("numpy", wanted="any")),
        ("numpy>=1.2, <2", Package("numpy", wanted="<2, >=1.2")),
        ("numpy (>=1.2,<2)", Package("numpy", wanted="<2, >=1.2")),
        ("numpy==1.*", Package("numpy", wanted="==1.*")),
        ("numpy~=1.4.2", Package("numpy", wanted="~=1.4.2")),
        ("requests[Security,socks]==2.31.0", Package("requests", "2.31.0", extras="security, socks")),
        (
            'tomli == 2.0.1 ; python_version < "3.11"',
            Package("tomli", "2.0.1", marker="python_version < '3.11'"),
        ),
        (
            "pandas==2.2.3 --hash=sha256:bb --hash=sha256:aa",
            Package("pandas", "2.2.3", hashes=("sha256:aa", "sha256:bb")),
        ),
        (
            "torch @ https://files.example/torch-2.8.0.whl ; sys_platform == 'linux'",
            Package("torch", "@ https://files.example/torch-2.8.0.whl", marker="sys_platform == 'linux'"),
        ),
        (
            "git+https://git.example/risk.git@v1#egg=risk-features",
            Package("risk-features", "@ git+https://git.example/risk.git@v1#egg=risk-features"),
        ),
        (
            "./wheels/risk_features-6.0.0-py3-none-any.whl",
            Package("risk-features", "@ ./wheels/risk_features-6.0.0-py3-none-any.whl"),
        ),
        ("-e git+https://git.example/a.git#egg=A_b", Package("a-b", "@ git+https://git.example/a.git#egg=A_b")),
        ("-e .", Package("-e .", "@ .", is_option=True)),
        ("-r base.txt", Package("-r base.txt", wanted="any", is_option=True)),
        ("--requirement=base.txt", Package("-r base.txt", wanted="any", is_option=True)),
        ("-c constraints.txt", Package("-c constraints.txt", wanted="any", is_option=True)),
        ("--extra-index-url https://x", Package("--extra-index-url https://x", wanted="any", is_option=True)),
        ("python=3.11.9", Package("python", "3.11.9")),
        ("numpy=1.26", Package("numpy", wanted="=1.26")),
        ("numpy=1.26.4=py311h64a7726_0", Package("numpy", "1.26.4", build="py311h64a7726_0")),
        ("libblas=3.9=20_linux64_mkl", Package("libblas", "3.9", build="20_linux64_mkl")),
        ("numpy==1.26.4=py311_0", Package("numpy", "1.26.4", build="py311_0")),
        ("python>=3.9", Package("python", wanted=">=3.9")),
        ("conda-forge::libgcc=13.2.0", Package("libgcc", "13.2.0")),
        ("numpy 1.26.4 py311_0", Package("numpy", "1.26.4", build="py311_0")),
        ("%%% not a package %%%", Package("%%% not a package %%%", wanted="any", is_option=True)),
    ],
)
def test_a_line_is_read_as_its_installer_reads_it(line: str, package: Package) -> None:
    """Pins, ranges, extras, markers, hashes, addresses, options and conda's own spelling are told apart."""
    assert package_of(line) == package


@pytest.mark.parametrize(
    ("before", "after", "bump", "is_upgrade"),
    [
        ("1.26.4", "2.2.6", Bump.MAJOR, True),
        ("2.2.6", "1.26.4", Bump.MAJOR, False),
        ("1.9", "1.10", Bump.MINOR, True),
        ("1.5.2", "1.5.10", Bump.PATCH, True),
        ("1.5.2.1", "1.5.2.2", Bump.PATCH, True),
        ("2.0rc1", "2.0", Bump.OTHER, True),
        ("2.0.dev3", "2.0a1", Bump.OTHER, True),
        ("2.0a1", "2.0b1", Bump.OTHER, True),
        ("2.0.post1", "2.0", Bump.OTHER, False),
        ("2.0", "2.0-1", Bump.OTHER, True),
        ("2.0+cu118", "2.0+cu121", Bump.OTHER, True),
        ("2.0", "2.0+cpu", Bump.OTHER, True),
        ("9.0", "1!1.0", Bump.MAJOR, True),
        ("1.0", "1!1.0", Bump.MAJOR, True),
        ("2026-03-18", "2026-09-30", Bump.OTHER, True),
        ("2024a", "2024b", Bump.OTHER, True),
        ("1.1.1w", "1.1.1x", Bump.OTHER, True),
        ("r9", "r14", Bump.OTHER, True),
        ("12", "13", Bump.MAJOR, True),
        ("v2.0", "v2.1", Bump.MINOR, True),
    ],
)
def test_releases_go_up_and_down_in_their_own_order(before: str, after: str, bump: Bump, is_upgrade: bool) -> None:
    """Epochs, pre-, post-, development and local releases are ordered as PEP 440 has it, in both directions."""
    assert release_change(before, after) == ReleaseChange(bump, is_upgrade)
    assert release_change(after, before) == ReleaseChange(bump, not is_upgrade)


@pytest.mark.parametrize("pair", [("1.0", "1.0.0"), ("2.0RC1", "2.0-rc.1"), ("v1.0", "1.0"), ("1.0.post0", "1.0-0")])
def test_two_spellings_of_one_release_are_one(pair: tuple[str, str]) -> None:
    """A trailing zero or another separator is no upgrade."""
    assert release_key(pair[0]) == release_key(pair[1])
    assert release_change(*pair) is NO_DATA


@pytest.mark.parametrize("text", ["a sentence 1", "@ https://x/y.whl", "/models/1", "stable", ""])
def test_what_is_no_release_has_no_direction(text: str) -> None:
    """A sentence, an address or a word is not called up or down."""
    assert release_change(text, "1.0") is NO_DATA


def test_names_with_releases_are_taken_apart() -> None:
    """The name of a pipeline or model is told from its release, a digest and a bare word are not."""
    assert named_release("risk-features 5.8.2") == ("risk-features", "5.8.2")
    assert named_release("lantern-32b-tools@2026-02-02") == ("lantern-32b-tools", "2026-02-02")
    assert named_release("help-articles@sha256:12345678") is None
    assert named_release("on missing member") is None
    assert named_release("convnext-3") is None


def test_packages_are_added_removed_and_moved() -> None:
    """Each package is one line: upgraded by how much, added or removed."""
    a = told(requirements=("numpy==1.26.4", "pandas==2.2.3", "shap==0.46.0", "click==8.1"))
    b = told(requirements=("numpy==2.2.6", "pandas==2.2.2", "CLICK==8.1.0", "lightgbm==4.6.0"))
    comparison = compared(a, b)
    assert states(comparison) == {
        "environment.numpy": "changed",
        "environment.pandas": "changed",
        "environment.lightgbm": "only-b",
        "environment.shap": "only-a",
        "environment.click": "equal",
    }
    numpy = fact(comparison, "environment.numpy")
    assert (numpy.a.value, numpy.b.value, numpy.nature) == ("1.26.4", "2.2.6", Nature.RELEASE)
    assert fact(comparison, "environment.pandas").detail == ReleaseChange(Bump.PATCH, is_upgrade=False)


def test_a_range_does_not_tell_what_is_installed() -> None:
    """A pin that became a range is a change of what is asked for; which release runs is unknown, not removed."""
    comparison = compared(told(requirements=("numpy==1.26.4",)), told(requirements=("numpy>=1.26",)))
    assert states(comparison) == {"environment.numpy": "unknown", "environment.numpy.asked": "only-b"}
    assert fact(comparison, "environment.numpy").why == ("3.0.0: mlflow: asked for as >=1.26, which names no release.")
    ranges = compared(told(requirements=("numpy>=1.2",)), told(requirements=("numpy>=1.3",)))
    assert states(ranges) == {"environment.numpy.asked": "changed"}


def test_requirements_and_runtime_tell_one_fact() -> None:
    """A library that the requirements pin and the runtime names is one line, not two."""
    a = told(
        requirements=("numpy==1.26.4",), runtime={"numpy": "1.26.4", "python_version": "3.11.9", "hardware": "8 vCPU"}
    )
    b = told(
        requirements=("numpy==2.2.6",), runtime={"numpy_version": "2.2.6", "python": "3.12.6", "hardware": "8 vCPU"}
    )
    assert states(compared(a, b)) == {
        "environment.python": "changed",
        "environment.numpy": "changed",
        "environment.hardware": "equal",
    }


def test_a_runtime_that_does_not_name_a_library_does_not_deny_it() -> None:
    """A model file lists the libraries of its flavor only: one that it does not name may be installed."""
    lines = ("scikit-learn==1.5.2",)
    a = told(requirements=lines, runtime={"sklearn": "1.5.2", "python": "3.11"})
    b = told(requirements=lines, runtime={"torch": "2.8.0", "python": "3.11"})
    found = states(compared(a, b))
    assert found["environment.scikit-learn"] == "equal"
    assert found["environment.torch"] == "unknown"


def test_seeds_are_parameters() -> None:
    """A seed that the runtime tells and one among the parameters are the same fact."""
    a, b = (
        told(runtime={"seed": "7"}, parameters={"depth": "6"}),
        told(parameters={"seed": "8", "depth": "6"}, runtime={}),
    )
    assert states(compared(a, b)) == {"parameters.depth": "equal", "parameters.seed": "changed"}


def test_what_else_a_line_asks_for_is_compared_apart() -> None:
    """An extra, a condition or another index changes the environment while the release stays."""
    a = told(requirements=("requests==2.31.0", "tomli==2.0.1; python_version < '3.11'"))
    b = told(requirements=("requests[socks]==2.31.0", "tomli==2.0.1", "--index-url https://other"))
    assert states(compared(a, b)) == {
        "environment.--index-url https://other": "only-b",
        "environment.requests.extras": "only-b",
        "environment.tomli.marker": "only-a",
        "environment.requests": "equal",
        "environment.tomli": "equal",
    }


def test_hashes_on_one_side_only_are_one_unknown() -> None:
    """Two thousand packages with hashes against the same without are one unknown line, and no removals."""
    a = told(requirements=("numpy==1.0.0 --hash=sha256:aa", "pandas==1.0.0 --hash=sha256:bb"))
    b = told(requirements=("numpy==1.0.0", "pandas==1.0.0"))
    assert states(compared(a, b)) == {
        "environment.hashes": "unknown",
        "environment.numpy": "equal",
        "environment.pandas": "equal",
    }
    other = told(requirements=("numpy==1.0.0 --hash=sha256:cc", "pandas==1.0.0 --hash=sha256:bb"))
    assert states(compared(a, other))["environment.numpy.hashes"] == "changed"


def test_two_builds_of_one_release_are_not_the_same() -> None:
    """One release linked against another library is another build; who names none neither has it nor lacks it."""
    mkl = told(requirements=("libblas=3.9.0=20_linux64_mkl", "numpy=1.26.4=py311_0"))
    openblas = told(requirements=("libblas=3.9.0=20_linux64_openblas", "numpy=1.26.4=py311_0"))
    assert states(compared(mkl, openblas)) == {
        "environment.libblas.build": "changed",
        "environment.numpy.build": "equal",
        "environment.libblas": "equal",
        "environment.numpy": "equal",
    }
    pip = told(requirements=("libblas==3.9.0", "numpy==1.26.4"))
    found = states(compared(mkl, pip))
    assert found == {"environment.builds": "unknown", "environment.libblas": "equal", "environment.numpy": "equal"}


def test_two_lists_that_name_one_package_tell_its_build_once() -> None:
    """A package that pip's list pins and conda's pins to a build is one package with a build."""
    both = told(requirements=("numpy==1.26.4", "numpy=1.26.4=py311_0"))
    other = told(requirements=("numpy=1.26.4=py311_1",))
    assert states(compared(both, other)) == {"environment.numpy.build": "changed", "environment.numpy": "equal"}


def test_a_python_that_was_asked_for_is_none_that_ran() -> None:
    """A range of Python is compared as what was asked for: no release of Python is told of either version."""
    low, high = told(requirements=("python>=3.9",)), told(requirements=("python<3.12",))
    assert states(compared(low, high)) == {"environment.python.asked": "changed"}
    ran = told(requirements=(), runtime={"python": "3.12.1"})
    assert states(compared(low, ran)) == {"environment.runtime": "unknown", "environment.python.asked": "only-a"}


def test_one_package_under_two_conditions_is_compared_as_both() -> None:
    """A package that is pinned twice, for two Pythons, keeps both pins in one value."""
    line = ("numpy==1.26.4; python_version < '3.12'", "numpy==2.2.6; python_version >= '3.12'")
    comparison = compared(told(requirements=line), told(requirements=line[::-1]))
    assert states(comparison) == {"environment.numpy": "equal"}
    moved = compared(told(requirements=line), told(requirements=(line[0], "numpy==2.3.0; python_version >= '3.12'")))
    assert states(moved) == {"environment.numpy": "changed"}


def test_the_base_image_is_its_name_and_its_digest() -> None:
    """An image named without its digest is not called another image; its digest is unknown."""
    a, b = told(base_image="r.example/serving:3@sha256:aa"), told(base_image="r.example/serving:3")
    assert states(compared(a, b)) == {"environment.base_image": "equal", "environment.base_image.digest": "unknown"}
    c = told(base_image="r.example/serving:3@sha256:bb")
    assert states(compared(a, c)) == {"environment.base_image": "equal", "environment.base_image.digest": "changed"}


def test_a_removed_requirement_is_unknown_while_another_source_is_unread() -> None:
    """A package is not called removed while another source of that version owes its environment."""
    a = two(told(requirements=("numpy==1.0.0",)), told())
    b = two(told(requirements=("pandas==1.0.0",)), told(runtime=FORBIDDEN))
    assert fact(compared(a, b), "environment.numpy").state is State.UNKNOWN
