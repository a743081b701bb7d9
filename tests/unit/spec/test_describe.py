"""The sentences under the fields."""

import pytest

from specc.spec.data import Label
from specc.spec.describe import descriptions
from specc.spec.experiment import Written
from specc.spec.stages import Stage, StageDefaults


def test_a_key_is_called_as_it_is_written():
    assert descriptions(Label)["as"].startswith("What the column's text is")
    assert "as_" not in descriptions(Label)


def test_what_a_model_derives_from_is_described_too():
    assert descriptions(Stage) == {**descriptions(StageDefaults), "name": descriptions(Stage)["name"]}


@pytest.mark.parametrize("table", Written.model_json_schema()["$defs"].values(), ids=lambda table: table["title"])
def test_every_key_of_a_table_has_its_sentence(table):
    assert [key for key, field in table["properties"].items() if not field.get("description")] == []


def test_every_key_of_a_spec_has_its_sentence():
    assert descriptions(Written).keys() == Written.model_fields.keys()
