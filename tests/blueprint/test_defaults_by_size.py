"""A variable's default may follow the size: what the form shows, what an empty field comes to, and
what the design gets.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.blueprint import as_text, parse_inputs, resolve
from provisioning.blueprint.inputs.types import coerce
from provisioning.blueprint.inputs.variable_type import VariableType
from provisioning.design.expressions import expression_problem
from tests.blueprint.conftest import GOOD, Write, environment, problems

BY_SIZE = (
    GOOD.replace("= 8000", "= size.ports.http")
    .replace("keep  = false", "keep  = false\n  ports = { http = 8001 }")
    .replace("keep  = true", "keep  = true\n  ports = { http = 8002 }")
    .replace("keep     = true", "keep     = true\n  ports = { http = 8003 }")
)
IMAGE = {"image": "public.ecr.aws/notes:1"}


def test_each_size_has_its_own_default(write: Write) -> None:
    notes = write(BY_SIZE).get("notes")
    assert not notes.variables["port"].required
    assert [parse_inputs(notes, size, IMAGE)["port"] for size in notes.sizes] == [8001, 8002, 8003]


def test_the_design_takes_it_and_an_answer_goes_before_it(write: Write) -> None:
    notes = write(BY_SIZE).get("notes")
    for given_, port in (({}, 8003), ({"port": "9000"}, 9000)):
        design = resolve(notes, size="prod", inputs={**IMAGE, **given_}, environment=environment())
        assert design.nodes["service.api"].settings.model_dump()["port"] == port


def test_a_size_that_may_not_set_it_keeps_its_own_default(write: Write) -> None:
    only_prod = BY_SIZE.replace("= size.ports.http", '= size.ports.http\n  sizes = ["prod"]')
    notes = write(only_prod).get("notes")
    assert parse_inputs(notes, "dev", {**IMAGE, "port": 8001})["port"] == 8001


def test_defaults_that_copy_too_much_are_refused(write: Write) -> None:
    text = GOOD
    for old in ("keep  = false", "keep  = true", "keep     = true"):
        text = text.replace(old, f'{old}\n  big = ["{"x" * 900}"]')
    greedy = "\n".join(
        f'variable "v{number}" {{\n  type = list(string)\n  description = "x"\n  default = size.big\n}}'
        for number in range(300)
    )
    assert any("copy too much" in problem for problem in problems(write(f"{text}\n{greedy}")))


# Input that could begin an expression is refused; `test_expressions_in_inputs.py` covers it.
plain = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"), max_size=20).filter(
    lambda text: not expression_problem(text)
)
numbers = st.integers(-(10**14), 10**14) | st.floats(-1e14, 1e14, allow_nan=False)
values = st.one_of(
    st.tuples(st.just("list(string)"), st.lists(plain, max_size=4)),
    st.tuples(st.just("map(string)"), st.dictionaries(plain, plain, max_size=4)),
    st.tuples(st.just("list(number)"), st.lists(numbers, max_size=4)),
    st.tuples(st.just("map(bool)"), st.dictionaries(plain, st.booleans(), max_size=4)),
    st.tuples(st.just("number"), numbers),
    st.tuples(st.just("bool"), st.booleans()),
    st.tuples(st.just("string"), plain),
)


@settings(deadline=None)
@given(values)
def test_what_a_form_shows_of_a_value_is_read_as_that_value(case: tuple[str, object]) -> None:
    type_, value = VariableType.from_text(case[0]), case[1]
    text = as_text(coerce(type_, value))
    assert coerce(type_, text) == value


def test_a_map_is_shown_one_entry_a_line() -> None:
    assert as_text({"Project": "Infracast", "Environment": "prod"}) == "Project = Infracast\nEnvironment = prod"
    assert as_text(["a", "b"]) == "a\nb"
    assert as_text({"Note": "a, b"}) == '{"Note": "a, b"}'
