"""What all sections share."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema

from specc.spec.describe import descriptions


class Section(BaseModel):
    """A table of a spec: frozen, nothing coerced, nothing unknown. The sentence under a field is its description."""

    model_config = ConfigDict(defer_build=True, frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return what an editor can check, and the sentence that it shows at each key."""
        made = handler(schema)
        properties = handler.resolve_ref_schema(made)["properties"]
        for key, text in descriptions(cls).items():
            properties[key]["description"] = text
        return made


_FILE_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$"
_WORD: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"

NAMES: Final = {
    _FILE_NAME: "a name has up to 64 letters, digits, `_` and `-`, and begins with no digit",
    _WORD: "it stands in expressions: up to 64 letters, digits and `_`, and no digit first",
}
"""What the patterns of names ask for."""

Identifier = Annotated[str, StringConstraints(pattern=_FILE_NAME)]
"""A name that can stand in file names."""

Word = Annotated[str, StringConstraints(pattern=_WORD)]
"""A name that can stand in expressions, too; there `a-b` takes `b` away from `a`."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=2**31)]
