"""A target by its name: in the UI's form a choice of the target files that there are when it is deployed."""

from typing import Annotated

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ghcr_audit.adapters.begin import targets_folder
from ghcr_audit.targets import NAME_PATTERN, target_names


class _Known:
    """Adds the names of all target files to the JSON schema, from which form and server check what is asked for.

    The flow itself reads the file anew: a target that was removed since is refused there, in a sentence.
    """

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        names = target_names(targets_folder())
        return {**handler(schema), **({"enum": names} if names else {})}


TargetName = Annotated[str, Field(pattern=NAME_PATTERN), _Known()]
"""The stem of a file in deployments/targets."""
